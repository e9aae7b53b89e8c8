import { findScopePolicy, type ScopePolicy } from '../apis/scope-policy.ts'
import { listUntold, noteTold, type ScopeRequest } from '../apis/requests.ts'
import { type Client, clientName, ownerOf } from '../clients/client.ts'
import { findClientByKey } from '../clients/store.ts'
import type { Context } from '../context.ts'
import { knownLocale, localized } from '../http/locale.ts'
import type { MailKind } from '../mail/letter.ts'
import type { Owner } from '../organizations/can.ts'
import { listMembers } from '../organizations/members.ts'
import { listOperators } from '../organizations/operators.ts'
import { findOrganization, findOrganizationByRealm } from '../organizations/store.ts'
import { findUsers } from '../users/store.ts'
import type { Job } from './job.ts'

// Tells the owners of APIs, and the organizations that an API names, of what clients ask; and clients' owners of what was decided. One letter
// a client and API. Whoever changes a row need not think of letters: what nobody was told of is in the table. A process that dies between
// sending and noting tells twice.

const AT_ONCE = 200
const MOST_READERS = 20
const LETTER_SECONDS = 7 * 86_400

interface Reader {
  readonly address: string
  readonly language: string
}

/** The people among these whose address is proven. */
async function readersAmong(ctx: Context, userIds: readonly string[]): Promise<readonly Reader[]> {
  const users = await findUsers(ctx.db, [...new Set(userIds)].slice(0, MOST_READERS))
  return users.flatMap(({ claims, status }) => (claims.email === undefined || claims.email_verified !== true || status !== 'active' ? [] : [{ address: claims.email, language: claims.locale ?? 'en' }]))
}

/** Whoever decides for an organization: its admins, and the address that it names. For nobody's things the operators. */
async function decidersOf(ctx: Context, organization: string | undefined): Promise<readonly Reader[]> {
  if (organization === undefined) return readersAmong(ctx, (await listOperators(ctx.db)).map(({ userId }) => userId))
  const [document, members] = await Promise.all([findOrganization(ctx, organization), listMembers(ctx.db, organization)])
  const contact = document?.contact?.email
  return [...(contact === undefined ? [] : [{ address: contact, language: 'en' }]), ...(await readersAmong(ctx, members.filter(({ role }) => role === 'admin').map(({ userId }) => userId)))]
}

/** Whoever looks after a client. Not the `contacts` of its registration: nobody has proven that those are its own. */
async function readersOfClient(ctx: Context, { organization, userId }: Owner, askedBy: readonly string[]): Promise<readonly Reader[]> {
  const own = await readersAmong(ctx, [...askedBy, ...(userId === undefined ? [] : [userId])])
  return own.length > 0 || organization === undefined ? own : decidersOf(ctx, organization)
}

interface Letter {
  readonly kind: Extract<MailKind, `scope-${string}`>
  readonly client: Client
  readonly policy: ScopePolicy
  readonly scopes: readonly string[]
  readonly owner: string
  readonly reason: string
}

async function send(ctx: Context, { kind, client, policy, scopes, owner, reason }: Letter, readers: readonly Reader[]): Promise<void> {
  const asks = kind === 'scope-asked'
  for (const { address, language } of new Map(readers.map((reader) => [reader.address.toLowerCase(), reader])).values()) {
    const locale = knownLocale(language)
    const values = { client: clientName(client, locale), id: client.clientId, api: localized(policy.api.name, locale), scopes: scopes.join(', '), owner, reason }
    await ctx.mail.send({ kind, to: address, language: locale, values, ...(asks ? { link: `${ctx.config.issuer}/dashboard/requests` } : {}), expiresInSeconds: LETTER_SECONDS })
  }
}

async function tellDeciders(ctx: Context, client: Client, policy: ScopePolicy, scopes: readonly string[]): Promise<void> {
  const letter = { kind: 'scope-asked', client, policy, scopes, reason: '' } as const
  if (policy.approval === 'owner' || policy.clientCredentials) {
    const { organization, api_id: apiId } = policy.api
    await send(ctx, { ...letter, owner: organization ?? apiId }, await decidersOf(ctx, organization))
  }
  if (policy.approval !== 'organization' || policy.target === 'all') return
  const organizations = (await Promise.all(policy.target.map((realm) => findOrganizationByRealm(ctx.db, realm)))).filter((one) => one !== undefined)
  for (const id of new Set(organizations.map(({ organization_id }) => organization_id))) await send(ctx, { ...letter, owner: id }, await decidersOf(ctx, id))
}

interface Told {
  readonly client: Client
  readonly policy: ScopePolicy
  readonly requests: readonly ScopeRequest[]
}

async function tell(ctx: Context, { client, policy, requests: [first, ...rest] }: Told): Promise<void> {
  if (first === undefined) return
  const scopes = [first, ...rest].map(({ scope }) => scope)
  if (first.state === 'requested') return tellDeciders(ctx, client, policy, scopes)
  const askedBy = [first, ...rest].flatMap((one) => one.askedBy ?? [])
  const letter: Letter = { kind: first.state === 'granted' ? 'scope-granted' : 'scope-refused', client, policy, scopes, owner: policy.api.organization ?? policy.api.api_id, reason: first.reason ?? '' }
  await send(ctx, letter, await readersOfClient(ctx, ownerOf(client), askedBy))
}

/** What one letter tells of: one client, one API, one answer, for the same deciders. */
async function sorted(ctx: Context, requests: readonly ScopeRequest[]): Promise<readonly Told[]> {
  const groups = new Map<string, Told>()
  for (const request of requests) {
    const [client, policy] = await Promise.all([findClientByKey(ctx, request.clientKey), findScopePolicy(ctx, request.scope)])
    if (client === undefined || policy === undefined) continue
    const { clientKey, apiId, state, reason } = request
    const key = JSON.stringify([clientKey, apiId, state, reason, policy.approval, policy.target, policy.clientCredentials])
    groups.set(key, { client, policy, requests: [...(groups.get(key)?.requests ?? []), request] })
  }
  return [...groups.values()]
}

export const tellOfScopesJob: Job = {
  name: 'tell-of-scopes',
  everySeconds: 15,
  run: async (ctx, stopping) => {
    const untold = await listUntold(ctx.db, AT_ONCE)
    if (untold.length === 0 || stopping()) return 0
    if (ctx.mail.isOffered) for (const one of await sorted(ctx, untold)) await tell(ctx, one)
    await noteTold(ctx.db, untold)
    return untold.length
  },
}
