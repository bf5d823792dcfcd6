import { m } from './messages'
import type { components } from './schema'

/** A refusal of the API (RFC 9457), or that it could not be reached (`unreachable`). */
export class Problem extends Error {
  readonly code: string
  readonly status: number
  /** Seconds after which another try makes sense, where the API says so. */
  readonly retryAfter: number | null
  readonly extra: Partial<components['schemas']['Problem']> & Record<string, unknown>

  constructor(
    code: string,
    detail: string,
    {
      status = 0,
      retryAfter = null,
      extra = {},
    }: { status?: number; retryAfter?: number | null; extra?: Record<string, unknown> } = {},
  ) {
    super(detail)
    this.code = code
    this.status = status
    this.retryAfter = retryAfter
    this.extra = extra
  }

  /** Whether the same request may be sent again and could then succeed. */
  get passing(): boolean {
    return this.status === 0 || this.status >= 500
  }
}

/** Read a refusal; the gateway's own is `{"message"}` without a code. */
export function readProblem(response: Response, body: unknown): Problem {
  const given = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  const retryAfter = Number(response.headers.get('Retry-After')) || null
  const code = typeof given.code === 'string' ? given.code : `http_${response.status}`
  const known = typeof given.detail === 'string' ? given.detail : null
  const detail = response.status === 429 ? m.tooMany(retryAfter) : (known ?? m.unavailable)
  return new Problem(code, detail, { status: response.status, retryAfter, extra: given })
}

/** What to tell of an error, whatever it is. */
export function explain(error: unknown): string {
  return error instanceof Problem ? error.message : m.unexpected
}
