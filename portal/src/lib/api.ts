import createClient from 'openapi-fetch'
import { m } from './messages'
import { Problem, readProblem } from './problem'
import type { components, paths } from './schema'
import { session } from './session.svelte'

export type Schemas = components['schemas']
export type Account = Schemas['AccountOut']
export type Card = Schemas['CardOut']
export type Face = Schemas['CardFaceOut']
export type Invoice = Schemas['InvoiceOut']
export type InvoiceDetail = Schemas['InvoiceDetailOut']
export type Payment = Schemas['PaymentOut']

/** The API, with the customer's access token. */
export const api = createClient<paths>({
  baseUrl: window.location.origin,
  fetch: async (request) => {
    const again = request.clone()
    const answer = await send(request)
    // The token may have ended on the way, or this machine slept: one more try with a new one.
    // Below /v1/auth a 401 is about what was typed.
    const typed = new URL(again.url).pathname.startsWith('/v1/auth/')
    if (answer.status !== 401 || typed || !(await session.refresh())) return answer
    return send(again)
  },
})

async function send(request: Request): Promise<Response> {
  const token = await session.token()
  if (token) request.headers.set('Authorization', `Bearer ${token}`)
  return fetch(request)
}

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** Give what the API answered, or throw its refusal as a Problem. */
export async function ask<T>(asked: Promise<Answer<T>>): Promise<NonNullable<T>> {
  let answer: Answer<T>
  try {
    answer = await asked
  } catch {
    throw new Problem('unreachable', m.unreachable)
  }
  if (!answer.response.ok) {
    const problem = readProblem(answer.response, answer.error)
    if (problem.status === 401 && problem.code !== 'invalid_credentials') session.ended()
    throw problem
  }
  return answer.data as NonNullable<T>
}
