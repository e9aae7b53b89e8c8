import type { Context } from '../context.ts'
import type { Group } from '../groups/group.ts'
import { findOrganizationByRealm } from '../organizations/store.ts'
import { findLogoImage, findLogos } from '../upstream/federation/logo-store.ts'
import { listProvidersOf } from '../upstream/store.ts'

// The picture of a group: the small one of the place where its people sign in, made by us (jobs/fetch-logos.ts). Groups that people make
// have none.

const ORGANIZATION = /^fc:org:(.+)$/
const MOST_PROVIDERS = 10

async function providersOf(ctx: Context, { id, providerId }: Group): Promise<readonly string[]> {
  const realm = ORGANIZATION.exec(id)?.[1]
  const organization = realm === undefined ? undefined : await findOrganizationByRealm(ctx.db, realm)
  const theirs = organization === undefined ? [] : await listProvidersOf(ctx, organization.organization_id, MOST_PROVIDERS)
  return providerId === undefined ? theirs : [providerId, ...theirs]
}

/** The picture of a group (WebP), if it has one. */
export async function findGroupLogo(ctx: Context, group: Group): Promise<Buffer | undefined> {
  const providers = await providersOf(ctx, group)
  const logos = await findLogos(ctx.db, providers)
  const hash = providers.map((id) => logos.get(id)).find((one) => one !== undefined)
  return hash === undefined ? undefined : findLogoImage(ctx.db, hash)
}
