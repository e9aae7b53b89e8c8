import type { EventEmitter } from 'node:events'
import type { FastifyInstance } from 'fastify'
import { findGatekeptApi } from '../apis/store.ts'
import { type Context, perContext } from '../context.ts'
import { inspectAgain } from '../tokens/inspect.ts'
import { admit, type Caller } from './admit.ts'

// Owns that what was let in does not outlast its reason: a stream or a WebSocket ends when its token does, or is revoked, when a scope is taken
// back, a person withdraws, or the API is switched off. One look a second over what is open then; a call that was over before costs nothing.

const LOOK_MS = 1000
/** Tokens that are asked about together: one statement's worth (database/batch.ts). */
const AT_ONCE = 256
/** Seconds for whoever has no token that could end. */
const NOBODYS_SECONDS = 3600

export interface OpenCall {
  readonly apiId: string
  readonly method: string
  readonly caller: Caller
  /** Its consent was for one use, and this is that use: the token is dead by it. */
  readonly isLastUse: boolean
  readonly end: () => void
}

interface Watched extends OpenCall {
  readonly since: number
  /** Seconds since the epoch. */
  readonly endsAt: number
}

const open = perContext((_ctx: Context) => new Set<Watched>())

/** Looks after a call until `over` closes. */
export function watchCall(ctx: Context, call: OpenCall, over: EventEmitter): void {
  const endsAt = call.caller.is === 'nobody' ? ctx.clock.now() / 1000 + NOBODYS_SECONDS : call.caller.token.expiresAt
  const watched: Watched = { ...call, since: performance.now(), endsAt }
  open(ctx).add(watched)
  over.once('close', () => open(ctx).delete(watched))
}

async function isStillAdmitted(ctx: Context, { apiId, method, caller, isLastUse }: Watched): Promise<boolean> {
  const gatekept = await findGatekeptApi(ctx, apiId)
  if (gatekept === undefined || isLastUse) return gatekept !== undefined
  const token = caller.is === 'nobody' ? undefined : await inspectAgain(ctx, caller.token)
  return (caller.is === 'nobody' || token !== undefined) && admit(ctx.config, gatekept.api, { method, token }).admitted
}

async function endUnlessAdmitted(ctx: Context, call: Watched): Promise<void> {
  if (call.endsAt > ctx.clock.now() / 1000 && (await isStillAdmitted(ctx, call))) return
  ctx.log.info({ event: 'gatekeeper.ended', api: call.apiId }, 'what let a call in has ended, and the call with it')
  call.end()
}

async function look(ctx: Context): Promise<void> {
  const before = performance.now() - LOOK_MS
  const calls = [...open(ctx)].filter(({ since }) => since <= before)
  for (let at = 0; at < calls.length; at += AT_ONCE) await Promise.all(calls.slice(at, at + AT_ONCE).map((call) => endUnlessAdmitted(ctx, call)))
}

/** Looks every second, for as long as the server runs. */
export function watchOpenCalls(app: FastifyInstance, ctx: Context): void {
  let isLooking = false
  const timer = setInterval(() => {
    if (isLooking || open(ctx).size === 0) return
    isLooking = true
    // Without the database nothing can be taken back either: what is open stays so until the next look.
    void look(ctx)
      .catch((error: unknown) => ctx.log.warn({ event: 'gatekeeper.look', err: error }, 'open calls could not be looked after'))
      .finally(() => (isLooking = false))
  }, LOOK_MS).unref()
  app.addHook('onClose', async () => clearInterval(timer))
}
