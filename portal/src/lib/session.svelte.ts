import { m } from './messages'
import { Problem, readProblem } from './problem'
import { here, safeNext } from './router.svelte'
import type { components } from './schema'

type SessionOut = components['schemas']['SessionOut']
export type Challenge = NonNullable<SessionOut['challenge']>

/** Says that there may be a cookie, and nothing more: without it nobody is asked in vain. */
const HINT = 'billfold.session'

/** Seconds before its end at which an access token is exchanged. */
const AHEAD = 30

/**
 * Who is logged in. The access token lives in this variable alone, the refresh token in a cookie
 * that scripts cannot read. Tabs refresh one at a time, since each refresh may rotate the cookie.
 */
class Session {
  status = $state<'unknown' | 'in' | 'out'>('unknown')
  /** Why one has to log in again. */
  reason = $state<'expired' | null>(null)
  #token: string | null = null
  #ends = 0
  #refreshing: Promise<boolean> | null = null
  #tabs = new BroadcastChannel('billfold')

  constructor() {
    this.#tabs.addEventListener('message', (event) => {
      if (event.data === 'out') this.#leave(null)
    })
  }

  /** Whether somebody was logged in when this page was last here. */
  get mayBeIn(): boolean {
    return localStorage.getItem(HINT) !== null
  }

  /** Give an access token that is still good for a while, null where nobody is logged in. */
  async token(): Promise<string | null> {
    if (this.status === 'in' && Date.now() > this.#ends) await this.refresh()
    return this.#token
  }

  /** Take a new access token; tell whether there is one. */
  refresh(): Promise<boolean> {
    const own = async (): Promise<boolean> => {
      try {
        return await navigator.locks.request('billfold-refresh', () => this.#refresh())
      } finally {
        this.#refreshing = null
      }
    }
    return (this.#refreshing ??= own())
  }

  async #refresh(): Promise<boolean> {
    const known = this.status
    if (!this.mayBeIn) {
      this.status = 'out'
      return false
    }
    let answer: Response
    try {
      answer = await fetch('/v1/auth/refresh', { method: 'POST' })
    } catch {
      // Nothing is known about the session: a page that is open stays open.
      if (known === 'unknown') this.status = 'out'
      return false
    }
    if (answer.ok) {
      this.#keep((await answer.json()) as SessionOut)
      return true
    }
    if (answer.status < 500 && answer.status !== 429) this.#leave(known === 'in' ? 'expired' : null)
    else if (known === 'unknown') this.status = 'out'
    return false
  }

  /** Log in; gives the challenge that must be answered first, if there is one. */
  async logIn(email: string, password: string): Promise<Challenge | null> {
    return this.#enter('/v1/auth/login', { email, password })
  }

  /** Answer a challenge. */
  async answer(email: string, challenge: Challenge, answer: string): Promise<Challenge | null> {
    return this.#enter('/v1/auth/challenge', { email, ...challenge, answer })
  }

  async #enter(path: string, body: object): Promise<Challenge | null> {
    const given = await post(path, body)
    const out = (await given.json()) as SessionOut
    if (out.challenge) return out.challenge
    this.#keep(out)
    return null
  }

  /** Log out, here and in every other tab. */
  async logOut(): Promise<void> {
    await post('/v1/auth/logout', {})
    this.#tabs.postMessage('out')
    this.#leave(null)
  }

  /** The API no longer takes us for logged in. */
  ended(): void {
    this.#leave('expired')
  }

  #keep(out: SessionOut): void {
    this.#token = out.access_token ?? null
    this.#ends = Date.now() + ((out.expires_in ?? 0) - AHEAD) * 1000
    this.reason = null
    this.status = 'in'
    localStorage.setItem(HINT, '1')
  }

  #leave(reason: 'expired' | null): void {
    this.#token = null
    localStorage.removeItem(HINT)
    this.reason = reason
    this.status = 'out'
  }
}

/** Send to a route that needs no token. */
export async function post(path: string, body: object): Promise<Response> {
  let answer: Response
  try {
    answer = await fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
  } catch {
    throw new Problem('unreachable', m.unreachable)
  }
  if (!answer.ok) throw readProblem(answer, await answer.json().catch(() => null))
  return answer
}

export const session = new Session()

/** The log-in page's address, which leads back to here afterwards. */
export function loginAddress(): string {
  const back = window.location.pathname + window.location.search
  return safeNext(back) === '/' ? '/login' : `/login?next=${encodeURIComponent(back)}`
}
