import type { Kysely } from 'kysely'
import type { Database } from '../database/schema.ts'
import { type ChainedEvent, type EventFilter, searchEvents } from './store.ts'

const PAGE = 1000

/** One event as a line of JSON, in a shape that stays. */
export function eventLine({ seq, id, at, event, actor, userId, clientId, reference, details, digest }: ChainedEvent): string {
  return `${JSON.stringify({ seq, id, at, event, actor: actor ?? null, user_id: userId ?? null, client_id: clientId ?? null, reference: reference ?? null, details, digest: digest?.toString('hex') ?? null })}\n`
}

/** The events that fit, in the order of the chain, page by page: JSON lines. */
export async function* exportEvents(db: Kysely<Database>, filter: EventFilter): AsyncGenerator<string, void> {
  for (let after = -Number.MAX_SAFE_INTEGER; ; ) {
    const page = await searchEvents(db, filter, { after, limit: PAGE })
    if (page.length > 0) yield page.map(eventLine).join('')
    const last = page.at(-1)
    if (last === undefined || page.length < PAGE) return
    after = last.seq
  }
}
