import type { Stripe } from '@stripe/stripe-js'
import { api, ask, type Invoice, type Payment, type Schemas } from './api'
import { m } from './messages'
import { forget, keyOf } from './orders'
import { explain, Problem } from './problem'
import { TYPED } from './stripe'

type Source = Schemas['PayIn']['source']

/** Milliseconds between two looks at a payment whose outcome is not known yet. */
const PATIENCE = [1000, 1500, 2000, 3000, 5000]

/**
 * Whether a refusal says how a payment stands. Not to be reached, throttled, logged out: that
 * changes nothing about a payment that was begun.
 */
function tellsTheEnd(error: unknown): boolean {
  if (!(error instanceof Problem) || error.code === 'payment_not_waiting') return false
  return [402, 404, 409, 422].includes(error.status)
}

/**
 * Paying one invoice, from PAY to its end.
 *
 * `form`: something may be chosen and paid. `sending`: asked, no answer yet. `bank`: the bank wants
 * its step. `step`: it is being taken, or given up. `confirming`: the outcome is not known, and never told as a failure. `paid`: paid.
 */
export class Paying {
  stage = $state<'form' | 'sending' | 'bank' | 'step' | 'confirming' | 'paid'>('form')
  payment = $state.raw<Payment | null>(null)
  /** Why the last try did not succeed, or what to look at first. */
  trouble = $state<string | null>(null)
  #secret: string | null = null
  #closed = false

  constructor(
    private readonly invoice: () => Invoice,
    /** The invoice may have changed: whoever shows it reads it again. */
    private readonly moved: () => void,
  ) {
    const last = invoice().payment
    if (last?.status === 'requires_action' || last?.status === 'processing') void this.resume(last)
  }

  /** Nobody looks any more. */
  close(): void {
    this.#closed = true
  }

  /** Pay the amount that is shown; `prepare` gives the card to Stripe first. */
  async pay(cardId: string | null, prepare: () => Promise<Source>): Promise<void> {
    if (this.stage !== 'form') return
    this.stage = 'sending'
    this.trouble = null
    const invoice = this.invoice()
    const { amount, currency } = invoice.amount_due
    const order = { invoice_id: invoice.invoice_id, amount, currency, card_id: cardId }
    try {
      const source = await prepare()
      this.#take(
        await ask(
          api.POST('/v1/invoices/{invoice_id}/payments', {
            params: {
              path: { invoice_id: order.invoice_id },
              header: { 'idempotency-key': keyOf(order) },
            },
            body: { amount, currency, source },
          }),
        ),
      )
    } catch (error) {
      this.#refused(error)
    }
  }

  /** Go on with a payment that was begun before, maybe before the page was loaded anew. */
  async resume(payment: Payment): Promise<void> {
    this.stage = 'confirming'
    this.payment = payment
    await this.#look(payment.payment_id)
  }

  /** Take the bank's step, then ask for the outcome. */
  async takeStep(stripe: Stripe): Promise<void> {
    const payment = this.payment
    if (!payment || !this.#secret) return
    this.stage = 'step'
    this.trouble = null
    // Whether the step was passed, or could be taken at all, our own server finds out from Stripe.
    await stripe.handleNextAction({ clientSecret: this.#secret }).catch(() => undefined)
    await this.#post('/v1/payments/{payment_id}/confirm', payment.payment_id)
  }

  /** Give the bank's step up, so that another card can be used at once. */
  async giveUp(): Promise<void> {
    if (!this.payment) return
    this.stage = 'step'
    await this.#post('/v1/payments/{payment_id}/cancel', this.payment.payment_id)
  }

  async #post(
    path: '/v1/payments/{payment_id}/confirm' | '/v1/payments/{payment_id}/cancel',
    paymentId: string,
  ): Promise<void> {
    try {
      this.#take(await ask(api.POST(path, { params: { path: { payment_id: paymentId } } })))
    } catch (error) {
      if (tellsTheEnd(error)) this.#refused(error)
      else await this.#look(paymentId)
    }
  }

  #take(payment: Payment): void {
    this.payment = payment
    this.#secret = payment.client_secret ?? null
    if (payment.status === 'requires_action') {
      this.stage = 'bank'
      return
    }
    if (payment.status === 'processing') {
      this.stage = 'confirming'
      void this.#look(payment.payment_id)
      return
    }
    forget(this.invoice().invoice_id)
    if (payment.status === 'succeeded') {
      this.stage = 'paid'
    } else {
      this.trouble = payment.status === 'declined' ? m.declined(payment.advice ?? '') : m.notCharged
      this.stage = 'form'
    }
    this.moved()
  }

  /** Ask until the outcome is known. */
  async #look(paymentId: string): Promise<void> {
    for (let looks = 0; !this.#closed; looks++) {
      try {
        const path = { payment_id: paymentId }
        const payment = await ask(api.GET('/v1/payments/{payment_id}', { params: { path } }))
        if (payment.status !== 'processing') {
          this.#take(payment)
          return
        }
        this.stage = 'confirming'
      } catch (error) {
        if (tellsTheEnd(error)) {
          this.#refused(error)
          return
        }
      }
      await new Promise((go) => setTimeout(go, PATIENCE[Math.min(looks, PATIENCE.length - 1)]))
    }
  }

  #refused(error: unknown): void {
    this.stage = 'form'
    if (error instanceof Problem && error.code === TYPED) return
    this.trouble = explain(error)
    if (!(error instanceof Problem)) return
    if (error.passing) {
      // No definitive answer: the same key goes along with the next try.
      this.trouble = `${error.message} ${m.tryAgainSafe}`
      return
    }
    if (error.code === 'payment_in_progress' && error.extra.payment) {
      void this.resume(error.extra.payment as Payment)
      return
    }
    forget(this.invoice().invoice_id)
    const told: Record<string, string> = {
      card_declined: m.declined(error.message),
      not_charged: m.notCharged,
      invoice_not_payable: m.notPayable,
    }
    this.trouble = told[error.code] ?? error.message
    this.moved()
  }
}
