/**
 * One Idempotency-Key lives until a definitive answer, also over a reload: pressing PAY again, or
 * coming back after a dead battery, is then the same order and not a second one.
 */
export interface Order {
  invoice_id: string
  amount: number
  currency: string
  /** The stored card, null for a one-time payment. */
  card_id: string | null
}

interface Kept extends Order {
  key: string
}

const name = (invoiceId: string): string => `billfold.order.${invoiceId}`

/** Give the key of an order: the one it had, or a new one where something else is ordered. */
export function keyOf(order: Order, storage: Storage = sessionStorage): string {
  const kept = read(order.invoice_id, storage)
  if (
    kept &&
    kept.amount === order.amount &&
    kept.currency === order.currency &&
    kept.card_id === order.card_id
  ) {
    return kept.key
  }
  const key = crypto.randomUUID()
  storage.setItem(name(order.invoice_id), JSON.stringify({ ...order, key }))
  return key
}

/** There was a definitive answer: the next try is a new order. */
export function forget(invoiceId: string, storage: Storage = sessionStorage): void {
  storage.removeItem(name(invoiceId))
}

function read(invoiceId: string, storage: Storage): Kept | null {
  try {
    return JSON.parse(storage.getItem(name(invoiceId)) ?? 'null') as Kept | null
  } catch {
    return null
  }
}
