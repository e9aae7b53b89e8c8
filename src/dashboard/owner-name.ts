import type { Context } from '../context.ts'
import { type Locale, localized } from '../http/locale.ts'
import type { Owner } from '../organizations/can.ts'
import { findOrganization } from '../organizations/store.ts'

/** An owner's name; nothing for a person themselves. */
export async function nameOfOwner(ctx: Context, { organization }: Owner, language: Locale): Promise<string | undefined> {
  if (organization === undefined) return undefined
  const found = await findOrganization(ctx, organization)
  return found === undefined ? organization : localized(found.name, language)
}
