import { z } from 'zod'
import type { Context } from '../context.ts'
import { FetchFailure } from '../lib/guarded-fetch.ts'
import type { Client } from './client.ts'
import { sectorHosts, type Sectored } from './sector-identifier.ts'
import { findClient } from './store.ts'

// Owns the sector of a client, and who is meant by a name that a client knows somebody by. Does not own how the name is made
// (keys/pairwise-subjects.ts) nor what a registration may say of it (sector-identifier.ts).

/** The sector of a client with pairwise subjects; nothing for one that knows people by their own id. */
export function sectorOf({ metadata }: Pick<Client, 'metadata'>): string | undefined {
  return metadata.subject_type === 'pairwise' ? sectorHosts(metadata)[0] : undefined
}

/** The sector as the details of a grant keep it, from the moment on when somebody decided. */
export function sectorDetails(client: Client): { readonly sector?: string } {
  const sector = sectorOf(client)
  return sector === undefined ? {} : { sector }
}

const sectorDocument = z.array(z.string()).max(1000)

async function fetchSector(ctx: Context, uri: string): Promise<readonly string[] | undefined> {
  try {
    const answer = await ctx.fetch(uri, { headers: { accept: 'application/json' } })
    const document = answer.status === 200 ? sectorDocument.safeParse(JSON.parse(await answer.text())) : undefined
    return document?.data
  } catch (error) {
    if (!(error instanceof FetchFailure) && !(error instanceof SyntaxError)) throw error
    ctx.log.warn({ event: 'client.sector', reason: error instanceof FetchFailure ? error.reason : 'not JSON' }, 'the sector identifier of a client could not be fetched')
    return undefined
  }
}

/** Asks the sector identifier whether the client belongs to it (OpenID Connect Core §8.1). Returns what is wrong, as the rest of a sentence, or nothing. */
export async function askSector(ctx: Context, { sector_identifier_uri: uri, redirect_uris: redirects }: Sectored): Promise<string | undefined> {
  if (uri === undefined) return undefined
  const listed = await fetchSector(ctx, uri)
  if (listed === undefined) return 'could not be read: it must answer with a JSON array of redirect URIs'
  const missing = redirects.find((redirect) => !listed.includes(redirect))
  return missing === undefined ? undefined : `does not list ${missing}`
}

/** What a client calls a person. */
export function subjectFor(ctx: Context, client: Client, userId: string): string {
  const sector = sectorOf(client)
  return sector === undefined ? userId : ctx.pairwise.subject(sector, userId)
}

/** The person whom a client calls so. What was told before the client had pairwise subjects is the person's own id. */
export function userIdOf(ctx: Context, client: Client | undefined, subject: string): string {
  const sector = client && sectorOf(client)
  return (sector === undefined ? undefined : ctx.pairwise.userId(sector, subject)) ?? subject
}

/** The person of an id token of ours that came back as a hint: called as the client that it was for calls them. */
export async function hintedUserId(ctx: Context, { aud, sub }: Readonly<Record<string, unknown>>): Promise<string | undefined> {
  if (typeof sub !== 'string') return undefined
  return userIdOf(ctx, typeof aud === 'string' ? await findClient(ctx, aud) : undefined, sub)
}
