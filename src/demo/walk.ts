import { randomBytes } from '../lib/random.ts'
import type { Exchange } from './exchange.ts'

// What the demo's client remembers of one browser: plain data, from the first request to the sign-out.

/** What the person may change about the authorization request. Empty means: not sent. */
export interface Choices {
  readonly scopes: readonly string[]
  readonly prompt: string
  readonly loginHint: string
  readonly uiLocales: string
}

/** What a client draws for one authorization request and keeps to itself. */
export interface Secrets {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
}

/** What the browser brought to the callback. */
export interface Arrival {
  readonly address: string
  readonly parameters: Readonly<Record<string, string>>
  readonly stateFits: boolean
  readonly issuerFits: boolean
}

export interface Tokens {
  readonly access: string
  readonly refresh: string | undefined
  readonly idToken: string | undefined
}

/** A request of its own that a lesson sent the browser on. */
export interface Errand {
  readonly lesson: string
  readonly secrets: Secrets
}

export interface Walk {
  readonly choices: Choices
  readonly secrets: Secrets
  readonly discovery: Exchange
  /** The authorization request that the browser was sent with. */
  readonly left?: string
  readonly arrival?: Arrival
  readonly token?: Exchange
  readonly tokens?: Tokens
  readonly keys?: Exchange
  readonly userinfo?: Exchange
  readonly refresh?: Exchange
  readonly introspection?: Exchange
  readonly revocation?: Exchange
  readonly userinfoAfter?: Exchange
  readonly logout?: { readonly address: string; readonly state: string; readonly returned?: string }
  readonly errand?: Errand
  /** A code that a lesson keeps too long. */
  readonly kept?: { readonly code: string; readonly verifier: string; /** Milliseconds since the epoch. */ readonly lateFrom: number }
  readonly lessons: Readonly<Record<string, readonly Exchange[]>>
  /** The step that was done last. */
  readonly last?: string
}

export const firstChoices: Choices = { scopes: ['openid', 'profile', 'email', 'groups'], prompt: '', loginHint: '', uiLocales: '' }

function draw(): string {
  return randomBytes(32).toString('base64url')
}

export function drawSecrets(): Secrets {
  return { state: draw(), nonce: draw(), verifier: draw() }
}

/** A walk at its beginning. */
export function newWalk(discovery: Exchange, choices: Choices = firstChoices): Walk {
  return { choices, secrets: drawSecrets(), discovery, lessons: {} }
}

/** Whether the client may go on with what the browser brought: its own `state`, our `iss`, and a code. */
export function goodCode(walk: Walk): string | undefined {
  const { arrival } = walk
  return arrival?.stateFits === true && arrival.issuerFits ? arrival.parameters['code'] : undefined
}
