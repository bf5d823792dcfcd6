import type { QueryClient } from '@tanstack/svelte-query'
import { api, ask, type Invoice, type Schemas } from './api'

/** What the pages read, each under one key. */
export const account = () => ({
  queryKey: ['account'],
  queryFn: () => ask(api.GET('/v1/account')),
})

export const cards = () => ({
  queryKey: ['cards'],
  queryFn: () => ask(api.GET('/v1/cards')),
})

const PAGE = 20

export const invoices = (status: string, cursor: string | null) => ({
  queryKey: ['invoices', status, cursor],
  queryFn: () => invoicePage(status, cursor),
})

/** Read a page; a filtered one of the API may be short, so it is filled from the next. */
async function invoicePage(status: string, from: string | null): Promise<Schemas['InvoiceList']> {
  const data: Invoice[] = []
  let cursor = from
  do {
    const query = { limit: PAGE, ...(status && { status }), ...(cursor && { cursor }) }
    const part = await ask(api.GET('/v1/invoices', { params: { query } }))
    data.push(...part.data)
    cursor = part.next_cursor
  } while (cursor && data.length < PAGE)
  return { data, next_cursor: cursor }
}

export const invoice = (invoiceId: string) => ({
  queryKey: ['invoice', invoiceId],
  queryFn: () =>
    ask(api.GET('/v1/invoices/{invoice_id}', { params: { path: { invoice_id: invoiceId } } })),
})

export const payments = (cursor: string | null) => ({
  queryKey: ['payments', cursor],
  queryFn: () =>
    ask(api.GET('/v1/payments', { params: { query: { limit: PAGE, ...(cursor && { cursor }) } } })),
})

export const payment = (paymentId: string) => ({
  queryKey: ['payment', paymentId],
  queryFn: () =>
    ask(api.GET('/v1/payments/{payment_id}', { params: { path: { payment_id: paymentId } } })),
})

export const totp = () => ({
  queryKey: ['totp'],
  queryFn: () => ask(api.GET('/v1/auth/totp')),
})

/** Money or cards have moved: everything that shows them is read again. */
export function refreshAll(client: QueryClient): Promise<void> {
  return client.invalidateQueries()
}
