import { sql } from 'kysely'
import { post } from '../../support/relying-party.ts'
import type { Place } from './place.ts'
import { type Refused, refusedBy, type Story, story } from './story.ts'

// Trouble of our own. The diagnosis has a table of its own, which goes on when another one does not.

async function asksFor({ server }: Place): Promise<Refused> {
  return refusedBy(await post(server.issuer, '/oauth/device_authorization', { client_id: 'tv', scope: 'openid' }))
}

async function withoutTable(place: Place): Promise<Refused> {
  const { db } = place.server.ctx
  await sql`alter table decoupled_requests rename to mislaid`.execute(db)
  const refused = await asksFor(place)
  await sql`alter table mislaid rename to decoupled_requests`.execute(db)
  return refused
}

/** As PostgreSQL says it when its disk is full. */
async function withFullDisk(place: Place): Promise<Refused> {
  const { db } = place.server.ctx
  await sql`create function disk_full() returns trigger language plpgsql as $$ begin raise exception 'could not extend file' using errcode = '53100'; end $$`.execute(db)
  await sql`create trigger disk_full before insert on decoupled_requests execute function disk_full()`.execute(db)
  const refused = await asksFor(place)
  await sql`drop function disk_full cascade`.execute(db)
  return refused
}

export const troubles: readonly Story[] = [
  story('server.fault', 'a table that is not there', 500, withoutTable, { nothingCompared: true }),
  story('server.unavailable', 'a disk that is full', 503, withFullDisk, { nothingCompared: true }),
]
