import type { Cause } from '../../../src/protocol/causes.ts'
import { newBrowser, type Page } from '../../support/browser.ts'
import { authorizationUrl, type JsonAnswer, newPkce, obtainCode, type Parameters, redeem } from '../../support/relying-party.ts'
import { ask, referenceOf } from '../stage.ts'
import type { Place } from './place.ts'

// How a cause is provoked: a request as somebody would send it, what came back, and what stands under its reference.

/** What came back of a refusal, to whoever sent the request. */
export interface Refused {
  readonly status: number
  readonly reference: string
}

export interface Story {
  readonly cause: Cause
  readonly what: string
  /** 303 where the refusal went back to the client through the browser. */
  readonly status: number
  readonly send: (place: Place) => Promise<Refused>
  readonly hints?: readonly string[]
  readonly pair?: readonly [name: string, sent: unknown, expected: unknown]
  /** Nobody but operators reads it: nobody's organization registered the client, or the request names none. */
  readonly operator?: true
  /** There is nothing to hold against anything: who sent it knows all there is to know. */
  readonly nothingCompared?: true
}

type Expected = Pick<Story, 'hints' | 'pair' | 'operator' | 'nothingCompared'>

/** One story, in the order in which it is told. */
export function story(cause: Cause, what: string, status: number, send: Story['send'], expected: Expected = {}): Story {
  return { cause, what, status, send, ...expected }
}

/** What a refusal as JSON brought. */
export function refusedBy(answer: JsonAnswer): Refused {
  return { status: answer.status, reference: referenceOf(answer) }
}

/** What a refusal brought whose body is not ours to read: the reference is in the header alone. */
export function refusedWith({ status, headers }: { readonly status: number; readonly headers: Headers }): Refused {
  return { status, reference: headers.get('x-request-id') ?? '' }
}

function ofAddress(location: string): Refused {
  const { searchParams, hash } = new URL(location)
  return { status: 303, reference: String(searchParams.get('error_uri') ?? new URLSearchParams(hash.slice(1)).get('error_uri')).slice(-9) }
}

/** Where a browser came to rest: at the client with an error, or on a page of ours. */
export function cameTo(page: Page): Refused {
  return page.status === 0 ? ofAddress(page.url) : refusedWith(page)
}

/** A request at the authorization endpoint, of nobody who is signed in. */
export async function open({ server }: Place, changes: Parameters, pkce = newPkce(), more = ''): Promise<Refused> {
  const answer = await fetch(authorizationUrl(server.issuer, pkce, changes) + more, { redirect: 'manual', headers: { accept: 'application/json' } })
  const location = answer.headers.get('location')
  return location === null ? refusedBy({ status: answer.status, headers: answer.headers, text: '', body: (await answer.json()) as Record<string, unknown> }) : ofAddress(location)
}

/** A request at the token endpoint; of `planner` where no other headers are given. */
export async function token({ server }: Place, parameters: Parameters, headers?: Readonly<Record<string, string>>): Promise<Refused> {
  return refusedBy(await ask(server, parameters, headers))
}

/** The tokens of Ada, who signs in at `planner`. */
export async function signedIn({ server }: Place, scope = 'openid profile offline_access', changes: Parameters = {}): Promise<JsonAnswer> {
  return redeem(server.issuer, await obtainCode(server.issuer, newBrowser(server.issuer), { scope, ...changes }))
}

/** Now, in seconds since the epoch: the server's clock is moved by the stories. */
export function seconds({ server }: Place): number {
  return Math.floor(server.ctx.clock.now() / 1000)
}
