import type { Context } from '../context.ts'
import { isAccepted, type ProviderFacts } from './provider.ts'
import { findProvidersOfEntity } from './saml-entities.ts'
import { domainsAbove } from './search.ts'
import { withRealm } from './search-index.ts'
import { findProvider, listProvidersOf } from './store.ts'

// Owns what a client may say of where its person signs in, and which providers that names: by id, by domain, by organization, by SAML
// entity. A hint is never an error: what names nothing here is no hint.

/** What an authorization request says of it, as it came. */
export interface HintParameters {
  readonly loginHint?: string
  readonly idpHint?: string
  readonly domainHint?: string
}

export interface ProviderHint {
  /** Those named that the client accepts: with one, nobody has to choose. */
  readonly accepted: readonly ProviderFacts[]
  /** Those named that it does not. */
  readonly refused: readonly ProviderFacts[]
}

export const noHint: ProviderHint = { accepted: [], refused: [] }

type Naming = { readonly by: 'id' | 'realm' | 'entity' | 'any'; readonly value: string }

const DOMAIN = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/

function domainNaming(text: string): readonly Naming[] {
  const domain = text.trim().toLowerCase().replace(/^@/, '')
  return DOMAIN.test(domain) ? [{ by: 'realm', value: domain }] : []
}

// Forms with bars: `feide|realm|uni.example|ada`, `edugain|https://idp.uni.example/`, `social|NAME`, `other|NAME`.
function barNaming([kind, ...rest]: readonly string[]): readonly Naming[] {
  const [first = '', second = ''] = rest
  if (kind === 'feide') return first === 'realm' ? domainNaming(second) : []
  if (kind === 'edugain') return first === '' ? [] : [{ by: 'entity', value: rest.join('|') }]
  return (kind === 'social' || kind === 'other') && first !== 'all' ? [{ by: 'id', value: first }] : []
}

function loginNaming(hint: string): readonly Naming[] {
  if (hint.includes('|')) return barNaming(hint.split('|'))
  if (hint === 'idporten') return [{ by: 'id', value: hint }]
  return domainNaming(hint.slice(hint.lastIndexOf('@') + 1))
}

function namings({ idpHint, loginHint, domainHint }: HintParameters): readonly Naming[] {
  const idp: readonly Naming[] = idpHint === undefined ? [] : [{ by: idpHint.includes(':') ? 'entity' : 'any', value: idpHint }]
  return [...idp, ...(loginHint === undefined ? [] : loginNaming(loginHint)), ...(domainHint === undefined ? [] : domainNaming(domainHint))]
}

const MOST = 25

async function idsOfRealm(ctx: Context, domain: string): Promise<readonly string[]> {
  for (const realm of domainsAbove(domain)) {
    const ids = await withRealm(ctx, realm, MOST)
    if (ids.length > 0) return ids
  }
  return []
}

async function idsOf(ctx: Context, { by, value }: Naming): Promise<readonly string[]> {
  if (by === 'entity') return findProvidersOfEntity(ctx.db, value)
  if (by === 'realm') return idsOfRealm(ctx, value)
  if (by === 'id' || (await findProvider(ctx, value)) !== undefined) return [value]
  const ofOrganization = await listProvidersOf(ctx, value, MOST)
  if (ofOrganization.length > 0) return ofOrganization
  return Promise.all(domainNaming(value).map((naming) => idsOfRealm(ctx, naming.value))).then((lists) => lists.flat())
}

/** The providers that a request names, by the first of its hints that names any. */
export async function resolveHint(ctx: Context, rules: readonly string[], parameters: HintParameters): Promise<ProviderHint> {
  for (const naming of namings(parameters)) {
    const named = await Promise.all((await idsOf(ctx, naming)).map((id) => findProvider(ctx, id)))
    const known = named.filter((facts) => facts !== undefined).filter(({ provider }) => !provider.disabled)
    if (known.length === 0) continue
    return { accepted: known.filter((found) => isAccepted(rules, found)), refused: known.filter((found) => !isAccepted(rules, found)) }
  }
  return noHint
}

/** The person that a `login_hint` names, without where: a user name or an address, as it would be typed. */
export function hintedName(loginHint: string | undefined): string | undefined {
  if (loginHint === undefined) return undefined
  if (!loginHint.includes('|')) return loginHint.startsWith('@') || loginHint === 'idporten' ? undefined : loginHint
  const [kind, by, , name] = loginHint.split('|')
  return kind === 'feide' && by === 'realm' && name !== undefined && name !== '' ? name : undefined
}
