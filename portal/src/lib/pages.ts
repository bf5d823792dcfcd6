import type { Component } from 'svelte'

export type Load = () => Promise<{ default: Component<never> }>

/** The pages of those who are not logged in. */
const OUTSIDE: Record<string, Load> = {
  '/login': () => import('../pages/Login.svelte'),
  '/reset-password': () => import('../pages/ResetPassword.svelte'),
}

/** Everything behind the log-in; a part in braces is given to the page by its name. */
const INSIDE: [string, Load][] = [
  ['/', () => import('../pages/Dashboard.svelte')],
  ['/billing/cards', () => import('../pages/Cards.svelte')],
  ['/billing/invoices', () => import('../pages/Invoices.svelte')],
  ['/billing/invoices/{invoiceId}', () => import('../pages/Invoice.svelte')],
  ['/payments', () => import('../pages/Payments.svelte')],
  ['/payments/{paymentId}', () => import('../pages/Payment.svelte')],
  ['/account', () => import('../pages/Account.svelte')],
]

export const inside: Load = () => import('../Inside.svelte')

/** Find a page of those who are not logged in. */
export function outsidePage(path: string): Load | undefined {
  return OUTSIDE[path]
}

/** Find a page behind the log-in, and the parts of its address. */
export function insidePage(path: string): { load: Load; parts: Record<string, string> } {
  for (const [pattern, load] of INSIDE) {
    const found = new RegExp(`^${pattern.replace(/{(\w+)}/g, '(?<$1>[^/]+)')}/?$`).exec(path)
    if (found) return { load, parts: { ...found.groups } }
  }
  return { load: () => import('../pages/NotFound.svelte'), parts: {} }
}

/** Ask for all that a page needs at once, rather than for one after the other. */
export function warm(path: string, loggedIn: boolean): void {
  const wanted = outsidePage(path)
    ? [outsidePage(path)]
    : loggedIn
      ? [inside, insidePage(path).load]
      : [outsidePage('/login')]
  // One that cannot be had is asked for again, and told, where it is shown.
  for (const load of wanted) load?.().catch(() => undefined)
}
