import type { Transaction } from 'kysely'
import { z } from 'zod'
import { listClientsOf, setClientStatus } from '../clients/store.ts'
import type { Database } from '../database/schema.ts'
import { drawToken } from '../lib/opaque-token.ts'
import { isDeclaredDigest, listPasswords, setReadyPassword } from '../users/passwords.ts'
import { deleteUser, findLocalUser, isDeclaredUser, listLocalUsers, saveLocalUser, setUserStatus } from '../users/store.ts'
import { normalizeUsername, type User, userClaimsSchema } from '../users/user.ts'
import { actsByItself } from './client.ts'
import { type Current, type Kind, type ReadySecret, type SecretRules, withoutUndefined } from './kind.ts'
import { passwordFault } from './secret.ts'

const userSchema = z.strictObject({
  username: z.string().max(200).transform(normalizeUsername).refine((name) => name !== '' && !/\s/.test(name), 'must not be empty or have spaces'),
  organization: z.string().optional(),
  status: z.enum(['active', 'locked']).optional(),
  claims: userClaimsSchema.default({}),
  groups: z.array(z.string().min(1).max(200)).max(500).default([]),
})
type DeclaredUser = z.output<typeof userSchema>

interface Known {
  readonly phc: string
  readonly digest: string | undefined
}

function known(secret: string | undefined): Known | undefined {
  return secret === undefined ? undefined : (JSON.parse(secret) as Known)
}

const secret: SecretRules = {
  member: () => 'password',
  fault: passwordFault,
  isCurrent: (ctx, current, declared) => {
    const kept = known(current.secret)
    if (kept === undefined || current.rowKey === undefined) return false
    if (declared.is === 'generate') return true
    // The hash that a file declared is ours since the first sign-in: it is known by the digest of what was declared.
    const said = declared.is === 'hash' ? declared.hash : declared.text
    if (declared.is === 'hash' && kept.phc === said) return true
    return kept.digest !== undefined && isDeclaredDigest(ctx, current.rowKey, said, Buffer.from(kept.digest, 'hex'))
  },
  ready: async (ctx, declared) => {
    if (declared.is === 'hash') return { source: declared, text: undefined, stored: declared.hash }
    const text = declared.is === 'text' ? declared.text : drawToken('cs', ctx.clock.now()).secret.toString('base64url').slice(0, 20)
    return { source: declared, text, stored: await ctx.passwords.hash(text) }
  },
  omission: (document) => `password is never exported: add it, or run: portner user set-password ${String(document['username'])}`,
}

/** What a file said, to know it again; a drawn password is nobody's to say. */
function saidBy({ source }: ReadySecret): string | undefined {
  if (source.is === 'generate') return undefined
  return source.is === 'hash' ? source.hash : source.text
}

/** What files call an account here; who signs in at a provider has none. */
export function accountIdOf({ username, organizationId }: User): string | undefined {
  return username === undefined || organizationId === undefined ? username : `${organizationId}/${username}`
}

function toCurrent(row: User, declared: boolean, secret: string | undefined): Current {
  const username = row.username ?? ''
  return {
    id: accountIdOf(row) ?? '',
    document: withoutUndefined({ username, organization: row.organizationId, status: row.status, claims: row.claims, groups: row.groups }),
    declared,
    rowKey: row.userId,
    secret,
  }
}

/** Whom an id may mean: a user name may have a slash in it, too. */
function readingsOf(id: string): readonly { readonly organization: string | undefined; readonly username: string }[] {
  const at = id.indexOf('/')
  const alone = { organization: undefined, username: id }
  return at < 0 ? [alone] : [{ organization: id.slice(0, at), username: id.slice(at + 1) }, alone]
}

// What is nobody's own is the operator's, and acts as one: the person who goes knows its secret.
async function disableRobotsOf(trx: Transaction<Database>, userId: string): Promise<void> {
  for (const { clientId, metadata } of await listClientsOf(trx, userId)) if (actsByItself(metadata)) await setClientStatus(trx, clientId, 'disabled')
}

export const user: Kind<DeclaredUser> = {
  kind: 'user',
  members: Object.keys(userSchema.shape),
  secret,
  schema: () => userSchema,
  identity: ({ username, organization }) => (organization === undefined ? username : `${organization}/${username}`),
  // A person whom an operator locked stays locked when a file that says nothing about it is applied again.
  complete: (document, current) => ({ ...document, status: document.status ?? (current?.['status'] === 'locked' ? 'locked' : 'active') }),
  references: ({ organization }) => (organization === undefined ? [] : [{ path: ['organization'], kind: 'organization', id: organization }]),
  names: ['organization'],
  list: async (db) => {
    const users = await listLocalUsers(db)
    const passwords = await listPasswords(db)
    return users.map((row) => {
      const kept = passwords.get(row.userId)
      return toCurrent(row, row.declared, kept && JSON.stringify({ phc: kept.phc, digest: kept.declaredDigest?.toString('hex') }))
    })
  },
  find: async (db, id) => {
    for (const { organization, username } of readingsOf(id)) {
      const row = await findLocalUser(db, organization, username)
      if (row?.username === username) return toCurrent(row, await isDeclaredUser(db, row.userId), undefined)
    }
    return undefined
  },
  save: async ({ ctx, trx, document, secret: declared, declared: byFile }) => {
    const userId = await saveLocalUser(trx, { username: document.username, organizationId: document.organization, claims: document.claims, groups: document.groups, declared: byFile })
    if (document.status !== undefined) await setUserStatus(trx, userId, document.status)
    if (declared !== undefined) await setReadyPassword(ctx, trx, userId, declared.stored, saidBy(declared))
  },
  remove: async (trx, current) => {
    if (current.rowKey === undefined) return
    await disableRobotsOf(trx, current.rowKey)
    await deleteUser(trx, current.rowKey)
  },
}
