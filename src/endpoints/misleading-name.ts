import type { ClientMetadata } from '../clients/metadata.ts'
import type { Context } from '../context.ts'
import { listOrganizations } from '../organizations/store.ts'
import { asciiDescription, invalidClientMetadata } from '../protocol/error.ts'
import type { LocalizedText } from '../protocol/localized-text.ts'

// Owns which names nobody may give their own application: those of this service and of the institutions here. "Norges testuniversitet Sign-in"
// on a consent page would be believed (pages.md S-15). What an operator declares is the operator's word, and is not asked about.

/** Shorter ones are words like any other. */
const SHORTEST = 3

function textsOf(text: LocalizedText | undefined): readonly string[] {
  if (text === undefined) return []
  return typeof text === 'string' ? [text] : Object.values(text).filter((one) => one !== undefined)
}

/** Without accents, widths, cases and signs: as the eye takes it. */
function folded(text: string): string {
  return text.normalize('NFKD').replaceAll(/\p{M}|\p{Cf}/gu, '').toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, ' ').trim()
}

function contains(name: string, protectedName: string): boolean {
  const [inside, whole] = [folded(protectedName), folded(name)]
  if (inside.length < SHORTEST) return false
  // With other spaces it is read the same; a short one may well be part of another word.
  return ` ${whole} `.includes(` ${inside} `) || (inside.length >= 8 && whole.replaceAll(' ', '').includes(inside.replaceAll(' ', '')))
}

/** Throws `invalid_client_metadata` for a name that has the service's or an institution's in it. */
export async function requireOwnName(ctx: Context, { client_name }: ClientMetadata): Promise<void> {
  const names = textsOf(client_name)
  if (names.length === 0) return
  // The documents were written through the organization's schema.
  const organizations = (await listOrganizations(ctx.db)).flatMap(({ document }) => textsOf(document['name'] as LocalizedText))
  const taken = [ctx.config.serviceName, ...organizations].find((one) => names.some((name) => contains(name, one)))
  if (taken !== undefined) throw invalidClientMetadata(asciiDescription(`client_name: has the name of ${taken} in it, which is not the application's own`))
}
