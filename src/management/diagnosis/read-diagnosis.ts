import { clientName, ownerOf, type Client } from '../../clients/client.ts'
import { readClient } from '../../clients/store.ts'
import type { Context } from '../../context.ts'
import { countSimilar, findTrace, SHOWN_SECONDS, type TraceRow } from '../../diagnosis/store.ts'
import { type Actor, can } from '../../organizations/can.ts'
import { type Cause, factsOf, isCause } from '../../protocol/causes.ts'
import type { Compared, Hint } from '../../protocol/trace.ts'
import { hintsForViewer } from './viewer-hints.ts'

// Owns who may read why a request failed: those who may read the traces of its client, for a day; operators all of it, for a week. What
// nobody here registered is operators' only: its sender may be anybody's application.

/** A trace as somebody may read it. */
export interface Diagnosis {
  readonly reference: string
  readonly at: Date
  readonly level: TraceRow['level']
  readonly clientId: string | undefined
  /** The client, when it is registered here. */
  readonly client: Client | undefined
  readonly clientName: string | undefined
  readonly method: string
  readonly endpoint: string
  readonly status: number
  readonly error: string
  readonly description: string
  readonly cause: Cause
  readonly compared: readonly Compared[]
  readonly hints: readonly Hint[]
  readonly parameters: Readonly<Record<string, string>>
  readonly rule: string
  readonly fix: string
  /** With this one, in 24 hours. */
  readonly similar: number
}

/** Who holds the database reads everything. */
export const OPERATOR: Actor = { userId: '', operator: true, roles: new Map() }

const REFERENCE = /^([0-9A-HJKMNP-TV-Z]{4})-?([0-9A-HJKMNP-TV-Z]{4})$/

function referenceOf(text: string): string | undefined {
  const [, first, second] = REFERENCE.exec(text.trim().toUpperCase()) ?? []
  return first === undefined ? undefined : `${first}-${second ?? ''}`
}

function mayRead(ctx: Context, viewer: Actor, trace: TraceRow, client: Client | undefined): boolean {
  if (viewer.operator) return true
  if (client === undefined || trace.at.getTime() <= ctx.clock.now() - SHOWN_SECONDS * 1000) return false
  return can(viewer, 'read', { kind: 'trace', owner: ownerOf(client) })
}

/** Why the request of a reference failed, as `viewer` may read it; nothing when there is none, or none for them. */
export async function readDiagnosis(ctx: Context, reference: string, viewer: Actor, language = 'en'): Promise<Diagnosis | undefined> {
  const asked = referenceOf(reference)
  if (asked === undefined) return undefined
  await ctx.diagnosis.flush()
  const trace = await findTrace(ctx.db, asked)
  if (trace === undefined) return undefined
  const client = trace.clientId === null ? undefined : await readClient(ctx.db, trace.clientId)
  if (!mayRead(ctx, viewer, trace, client)) return undefined
  const { at, level, endpoint, status, error, document } = trace
  const cause = isCause(trace.cause) ? trace.cause : 'request.unreadable'
  const [similar, hints] = await Promise.all([countSimilar(ctx.db, trace), hintsForViewer(ctx, trace, client, viewer)])
  const { rule, fix } = factsOf(cause)
  return {
    reference: asked,
    at,
    level,
    client,
    endpoint,
    status,
    error,
    cause,
    rule,
    fix,
    similar,
    clientId: trace.clientId ?? undefined,
    clientName: client && clientName(client, language),
    method: document.method,
    description: document.description,
    compared: document.compared,
    parameters: document.parameters,
    hints: [...document.hints, ...hints],
  }
}
