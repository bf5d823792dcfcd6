import type { Stripe, StripeConstructor, StripeError } from '@stripe/stripe-js'
import { config } from './config'
import { m } from './messages'
import { Problem } from './problem'

declare global {
  interface Window {
    Stripe?: StripeConstructor
  }
}

let loading: Promise<Stripe> | null = null

/** Load Stripe.js, once, and only where a card is typed. */
export function stripe(): Promise<Stripe> {
  loading ??= load().catch((error: unknown) => {
    // The next try starts anew.
    loading = null
    throw error
  })
  return loading
}

async function load(): Promise<Stripe> {
  const { publishable_key: key, script } = config.stripe
  if (script) {
    await inject(script)
    if (!window.Stripe) throw new Error('no Stripe.js')
    return window.Stripe(key)
  }
  const { loadStripe } = await import('@stripe/stripe-js/pure')
  const loaded = await loadStripe(key)
  if (!loaded) throw new Error('no Stripe.js')
  return loaded
}

function inject(src: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script')
    script.src = src
    script.addEventListener('load', () => resolve())
    script.addEventListener('error', () => {
      script.remove()
      reject(new Error('Stripe.js did not load'))
    })
    document.head.append(script)
  })
}

/** Elements live in frames of Stripe's, which do not see our style sheets. */
export function elementStyle(): { base: Record<string, string>; invalid: Record<string, string> } {
  const root = getComputedStyle(document.documentElement)
  const color = (name: string): string => root.getPropertyValue(name).trim()
  return {
    base: {
      color: color('--text'),
      fontSize: '16px',
      fontFamily: 'system-ui, sans-serif',
    },
    invalid: { color: color('--bad') },
  }
}

/** The code of a Problem with what is typed in a field, which the field itself tells. */
export const TYPED = 'typed'

/** Read a refusal of Stripe's as one of ours: what it says is written for the one who typed. */
export function refused(error: StripeError | undefined): Problem {
  if (error?.type === 'validation_error') return new Problem(TYPED, error.message ?? '')
  const unreachable = !error || error.type === 'api_connection_error'
  if (unreachable) return new Problem('unreachable', m.unreachable)
  return new Problem(error.code ?? 'card_declined', error.message ?? m.unexpected, { status: 402 })
}
