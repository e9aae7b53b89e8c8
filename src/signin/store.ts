import { sql } from 'kysely'
import type { AuthorizationRequest } from '../authorization-request/request.ts'
import type { Context } from '../context.ts'
import { newJourneyId } from './journey-id.ts'

// Owns interactions: one row a journey, from the authorization request to its answer. The row's id is in the address of every page of the
// journey, so that reload, the back button, a second tab and a restart of the server find it again.

/** What happened on the way. Plain data, merged into the row. */
export interface Progress {
  /** The account that was picked on the chooser, or that signed in. */
  readonly chosen?: string
  /** "Use another account". */
  readonly other?: boolean
  /** Who signed in during this journey. */
  readonly signedIn?: string
  /** The person said that this is a shared computer: nothing of this journey's sign-ins is remembered. */
  readonly shared?: boolean
  /** Asked to make an account, the person has one, has made one, or cannot make one here. */
  readonly signUp?: 'over'
  /** Who decided on the consent page during this journey. */
  readonly consented?: string
  /** What they agreed to that has an end. */
  readonly agreed?: { readonly userId: string; readonly consentId: string; readonly until: number; readonly scopes: readonly string[] } | null
  /** Who went on past the warning of an http address. */
  readonly warned?: string
  /** Who let in what asks at another place. */
  readonly confirmedDevice?: string
  /** The last sign-in that failed, until the next one: shown once more on reload instead of a question to send the form again. */
  readonly failure?: { readonly error: 'credentials' | 'throttled' | 'network' | 'busy' | 'locked' | 'passkey'; readonly providerId: string; readonly username: string; readonly until?: string } | null
  /** Whom a passkey is offered before the journey goes on, until they have answered. */
  readonly passkeyOffer?: string | null
  /** The second factor that the person picked. */
  readonly factorMethod?: string
  /** The last code that was no good, until the next one. */
  readonly factorFailure?: { readonly error: 'wrong' | 'expired' | 'used' | 'throttled' | 'exhausted' | 'passkey'; readonly left?: number; readonly until?: string } | null
  /** Departures to providers that have not come back, sealed, by what names them. Only keepAttempt and takeAttempt touch it. */
  readonly attempts?: Readonly<Record<string, string>>
  /** The last departure that came to nothing, until the next sign-in. */
  readonly trouble?: { readonly problem: 'refused' | 'unavailable' | 'invalid' | 'incomplete' | 'locked'; readonly providerId: string; readonly reference: string; readonly at: number; readonly missing?: readonly string[] } | null
  /** Who came back from a provider in the place of the one who was chosen, until the person has decided. */
  readonly arrived?: { readonly userId: string; readonly providerId: string; readonly acr?: string; readonly amr: readonly string[]; readonly authTime?: number } | null
}

export interface Interaction {
  readonly id: string
  readonly browserId: string
  readonly clientKey: string
  readonly request: AuthorizationRequest
  readonly progress: Progress
  /** Seconds since the epoch. */
  readonly createdAt: number
  readonly isExpired: boolean
  readonly isAnswered: boolean
  /** The answer that was given, for the moment in which a double click may ask for it again. */
  readonly sealedAnswer: Buffer | undefined
}

/** A journey may be taken up again for a day; after that it is only the memory of what to start again. Seconds. */
const LIFETIME_SECONDS = 86_400
const KEPT_DAYS = 7
/** As long as a code lives. Seconds. */
const ANSWER_SECONDS = 60

interface Row {
  readonly interaction_id: string
  readonly browser_id: string
  readonly client_key: string
  readonly request: AuthorizationRequest
  readonly progress: Progress
  readonly created_at: Date
  readonly is_expired: boolean
  readonly is_answered: boolean
  readonly sealed_answer: Buffer | null
}

function toInteraction(row: Row): Interaction {
  return {
    id: row.interaction_id,
    browserId: row.browser_id,
    clientKey: row.client_key,
    request: row.request,
    progress: row.progress,
    createdAt: Math.floor(row.created_at.getTime() / 1000),
    isExpired: row.is_expired,
    isAnswered: row.is_answered,
    sealedAnswer: row.sealed_answer ?? undefined,
  }
}

const COLUMNS = sql`interaction_id, browser_id, client_key, request, progress, created_at, expires_at <= clock_now() as is_expired, answered_at is not null as is_answered,
  case when answered_at > clock_now() - make_interval(secs => ${ANSWER_SECONDS}) then sealed_answer end as sealed_answer`
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export async function createInteraction(ctx: Context, browserId: string, clientKey: string, request: AuthorizationRequest): Promise<Interaction> {
  const { rows } = await sql<Row>`insert into interactions (interaction_id, browser_id, client_key, request, expires_at)
    values (${newJourneyId(ctx, clientKey)}, ${browserId}, ${clientKey}, ${JSON.stringify(request)}, clock_now() + make_interval(secs => ${LIFETIME_SECONDS})) returning ${COLUMNS}`.execute(ctx.db)
  const row = rows[0]
  if (row === undefined) throw new Error('the journey was not written')
  return toInteraction(row)
}

/** A journey, expired and answered ones too, or nothing. */
export async function findInteraction(ctx: Context, id: string): Promise<Interaction | undefined> {
  if (!UUID.test(id)) return undefined
  const { rows } = await sql<Row>`select ${COLUMNS} from interactions where interaction_id = ${id}`.execute(ctx.db)
  return rows[0] === undefined ? undefined : toInteraction(rows[0])
}

/** Notes what happened. Returns the journey as it is now, or nothing when it has been answered meanwhile. */
export async function updateProgress(ctx: Context, id: string, progress: Progress): Promise<Interaction | undefined> {
  const { rows } = await sql<Row>`update interactions set progress = progress || ${JSON.stringify(progress)}::jsonb where interaction_id = ${id} and answered_at is null returning ${COLUMNS}`.execute(ctx.db)
  return rows[0] === undefined ? undefined : toInteraction(rows[0])
}

/** Binds a journey to another browser row of the same person at the same screen. */
export async function moveInteraction(ctx: Context, id: string, browserId: string): Promise<void> {
  await sql`update interactions set browser_id = ${browserId} where interaction_id = ${id}`.execute(ctx.db)
}

/** Ends the journey with its answer. False when somebody was quicker: then that answer stands. */
export async function answerInteraction(ctx: Context, id: string, sealedAnswer: Buffer): Promise<boolean> {
  const result = await sql`update interactions set answered_at = clock_now(), sealed_answer = ${sealedAnswer} where interaction_id = ${id} and answered_at is null`.execute(ctx.db)
  return (result.numAffectedRows ?? 0n) > 0n
}

/** Departures that one journey may have open: tabs, and the back button. */
const MOST_ATTEMPTS = 8

/** Keeps what a departure needs when it comes back. False when the journey has been answered meanwhile. */
export async function keepAttempt(ctx: Context, id: string, name: string, sealed: string): Promise<boolean> {
  const open = sql`coalesce(progress->'attempts', '{}')`
  const result = await sql`update interactions set progress = progress || jsonb_build_object('attempts',
      case when (select count(*) from jsonb_object_keys(${open})) >= ${MOST_ATTEMPTS} then '{}' else ${open} end || jsonb_build_object(${name}::text, ${sealed}::text))
    where interaction_id = ${id} and answered_at is null`.execute(ctx.db)
  return (result.numAffectedRows ?? 0n) > 0n
}

/** Whether a departure of that name has not come back yet. */
export async function hasAttempt(ctx: Context, id: string, name: string): Promise<boolean> {
  const { rows } = await sql`select from interactions where interaction_id = ${id} and answered_at is null and expires_at > clock_now() and progress->'attempts'->${name} is not null`.execute(ctx.db)
  return rows.length > 0
}

/** Takes it out, once: of two answers at the same time one gets it. Only for the browser that left. */
export async function takeAttempt(ctx: Context, id: string, browserId: string, name: string): Promise<string | undefined> {
  const { rows } = await sql<{ sealed: string }>`
    with taken as (select interaction_id, progress->'attempts'->>${name} as sealed from interactions
      where interaction_id = ${id} and browser_id = ${browserId} and answered_at is null and expires_at > clock_now() and progress->'attempts'->${name} is not null for update)
    update interactions i set progress = i.progress #- array['attempts', ${name}] from taken where i.interaction_id = taken.interaction_id returning taken.sealed`.execute(ctx.db)
  return rows[0]?.sealed
}

/** Deletes at most `limit` journeys that nobody will come back to. Returns how many. */
export async function deleteExpiredInteractions(ctx: Context, limit: number): Promise<number> {
  const result = await sql`delete from interactions where interaction_id in
    (select interaction_id from interactions where expires_at < clock_now() - make_interval(days => ${KEPT_DAYS}) limit ${limit} for update skip locked)`.execute(ctx.db)
  return Number(result.numAffectedRows ?? 0n)
}
