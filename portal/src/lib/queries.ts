import type { QueryClient } from '@tanstack/svelte-query'
import { api, ask } from './api'

/** What the pages read, each under one key. */
export const account = () => ({
  queryKey: ['account'],
  queryFn: () => ask(api.GET('/v1/account')),
})

export const cards = () => ({
  queryKey: ['cards'],
  queryFn: () => ask(api.GET('/v1/cards')),
})

export const invoices = (status: string, cursor: string | null) => ({
  queryKey: ['invoices', status, cursor],
  queryFn: () =>
    ask(
      api.GET('/v1/invoices', {
        params: { query: { limit: 20, ...(status && { status }), ...(cursor && { cursor }) } },
      }),
    ),
})

export const invoice = (invoiceId: string) => ({
  queryKey: ['invoice', invoiceId],
  queryFn: () =>
    ask(api.GET('/v1/invoices/{invoice_id}', { params: { path: { invoice_id: invoiceId } } })),
})

export const payments = (cursor: string | null) => ({
  queryKey: ['payments', cursor],
  queryFn: () =>
    ask(api.GET('/v1/payments', { params: { query: { limit: 20, ...(cursor && { cursor }) } } })),
})

export const payment = (paymentId: string) => ({
  queryKey: ['payment', paymentId],
  queryFn: () =>
    ask(api.GET('/v1/payments/{payment_id}', { params: { path: { payment_id: paymentId } } })),
})

/** Money or cards have moved: everything that shows them is read again. */
export function refreshAll(client: QueryClient): Promise<void> {
  return client.invalidateQueries()
}
