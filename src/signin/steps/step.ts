import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import type { OAuthError } from '../../protocol/error.ts'
import type { Journey } from '../journey.ts'
import type { Interaction, Progress } from '../store.ts'

/** Why a step must be shown: for the page, for the log, and for what `prompt=none` answers instead (OpenID Connect Core §3.1.2.6). */
export interface Reason {
  readonly name: string
  readonly silently: () => OAuthError
  /** No page can mend it: the journey ends with that refusal in any case. */
  readonly refuses?: true
}

/** A journey on one request: its row, its browser, and everything the steps ask about. */
export interface Visit {
  readonly interaction: Interaction
  readonly browserId: string
  /** The request came with the cookie from before the last sign-in. */
  readonly isSuperseded: boolean
  readonly deviceId: string | undefined
  readonly journey: Journey
}

/** The journey's machinery, handed to the steps: they know neither each other nor the door that answers the client. */
export interface Rails {
  /** The visit that a request is on, or the reply that was given instead (another browser, expired, answered). */
  visit(request: FastifyRequest, reply: FastifyReply): Promise<Visit | FastifyReply>
  /** Notes progress and goes on to whatever comes next. */
  proceed(request: FastifyRequest, reply: FastifyReply, visit: Visit, progress: Progress): Promise<FastifyReply>
  /** Ends the journey with a refusal to the client. */
  refuse(request: FastifyRequest, reply: FastifyReply, visit: Visit, error: OAuthError): Promise<FastifyReply>
  /** Address of a step of this journey. */
  path(visit: Visit, step: string): string
}

export interface Step {
  /** Also its place in the address. */
  readonly name: string
  /** Pure: why this step must be shown, or nothing. */
  reason(journey: Journey): Reason | undefined
  /** Its own routes and page. */
  pages(app: FastifyInstance, ctx: Context, rails: Rails): void
}

/** Marks an address that a form of ours leads to: browsers let such a chain not leave this service (CSP form-action), so a page stands between. */
export const AFTER_FORM = 'after_form'

/** Whether `visit` gave a visit and not a reply. */
export function isVisit(result: Visit | FastifyReply): result is Visit {
  return 'journey' in result
}
