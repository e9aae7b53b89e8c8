import type { ClientMetadata } from '../clients/metadata.ts'
import type { Context } from '../context.ts'
import { listOrganizations } from '../organizations/store.ts'
import { asciiDescription, invalidClientMetadata } from '../protocol/error.ts'
import { allVersions, type LocalizedText } from '../protocol/localized-text.ts'
import { fold } from '../lib/fold.ts'
import { providerNamedIn } from './search-index.ts'

// Owns which names nobody may give their own application: those of this service, of the institutions here, and of wherever people sign in, in
// all languages. "Norges testuniversitet Sign-in" on a consent page would be believed (pages.md S-15). What an operator declares is the
// operator's word, and is not asked about. Asked when a client describes itself, never when a person comes.

/** Shorter ones are words like any other. */
const SHORTEST = 3
/** So long ones are read the same with other spaces; a shorter one may well be part of another word. */
const SHORTEST_SQUEEZED = 8

/** As the eye takes it: what is not seen is not there. */
function seen(text: string): string {
  return fold(text.replaceAll(/\p{Cf}/gu, ''))
}

function squeezed(folded: string): string {
  return folded.replaceAll(' ', '')
}

function contains(name: string, protectedName: string): boolean {
  const inside = seen(protectedName)
  if (inside.length < SHORTEST) return false
  return ` ${name} `.includes(` ${inside} `) || (inside.length >= SHORTEST_SQUEEZED && squeezed(name).includes(squeezed(inside)))
}

/** Whose name stands in the name of a client, in any of its languages; nothing for a name of its own. */
export async function nameOfAnother(ctx: Context, { client_name }: Pick<ClientMetadata, 'client_name'>): Promise<string | undefined> {
  const names = client_name === undefined ? [] : allVersions(client_name).map(seen)
  if (names.length === 0) return undefined
  // The documents were written through the organization's schema.
  const organizations = (await listOrganizations(ctx.db)).flatMap(({ document }) => allVersions(document['name'] as LocalizedText))
  const taken = [ctx.config.serviceName, ...organizations].find((one) => names.some((name) => contains(name, one)))
  return taken ?? providerNamedIn(ctx.db, names.map((name) => ({ name, squeezed: squeezed(name) })), SHORTEST, SHORTEST_SQUEEZED)
}

/** Throws `invalid_client_metadata` for a name that has the service's, an institution's or a provider's in it. */
export async function requireOwnName(ctx: Context, metadata: ClientMetadata): Promise<void> {
  const taken = await nameOfAnother(ctx, metadata)
  if (taken !== undefined) throw invalidClientMetadata(asciiDescription(`client_name: has the name of ${taken} in it, which is not the application's own`), { parameter: 'client_name' })
}

/** Why a document about a client is not taken, if its name is another's. */
export async function refuseNameOfAnother(ctx: Context, metadata: ClientMetadata): Promise<string | undefined> {
  const taken = await nameOfAnother(ctx, metadata)
  return taken && `client_name: has the name of ${taken} in it`
}
