import { z } from 'zod'
import { inTransaction } from '../../database/transaction.ts'
import { createThing, removeThing, replaceThing } from '../../declarations/change.ts'
import { findThing, kindOf } from '../../declarations/thing.ts'
import { accountIdOf } from '../../declarations/user.ts'
import { actorOf, byWay } from '../../declarations/way.ts'
import { writeTurn } from '../../declarations/write-turn.ts'
import type { Context } from '../../context.ts'
import { sha256 } from '../../lib/digest.ts'
import { isRowId } from '../../lib/random.ts'
import { can } from '../../organizations/can.ts'
import { findLocalUser, findUser, holdUsers, listUsers, setUserStatus } from '../../users/store.ts'
import { type User, userClaimsSchema } from '../../users/user.ts'
import type { Caller } from '../caller.ts'
import { pageQuery, readCursor, toPage } from '../cursor.ts'
import { conflict, forbidden, notFound, seenOther } from '../failure.ts'
import { mergePatch } from '../merge-patch.ts'
import { type Call, operation, param, type Resource } from '../operation.ts'
import { anyDocument } from '../read.ts'

const ONE = '/api/users/{user_id}'

const user = z.strictObject({
  user_id: z.uuid(),
  status: z.enum(['active', 'locked']),
  organization: z.string().optional(),
  /** Of an account here; whoever signs in at a provider has none. */
  username: z.string().optional(),
  claims: userClaimsSchema,
  groups: z.array(z.string()),
})
const shown = { name: 'User', schema: user }
const withPassword = { name: 'UserWithPassword', schema: user.extend({ password: z.string().optional() }) }

function show({ userId, status, organizationId, username, claims, groups }: User): object {
  return { user_id: userId, status, ...(organizationId === undefined ? {} : { organization: organizationId }), ...(username === undefined ? {} : { username }), claims, groups }
}

function versionOf(one: User): string {
  return sha256(JSON.stringify(show(one))).toString('base64url').slice(0, 22)
}

async function requireUser(ctx: Context, { actor }: Caller, userId: string, action: 'read' | 'change' | 'delete'): Promise<User> {
  const found = isRowId(userId) ? await findUser(ctx.db, userId) : undefined
  if (found === undefined || !can(actor, 'read', { kind: 'user', owner: { userId: found.userId } })) throw notFound()
  if (!can(actor, action, { kind: 'user', owner: { userId: found.userId } })) throw forbidden()
  return found
}

const change = z.strictObject({
  status: z.enum(['active', 'locked']).optional(),
  claims: z.record(z.string(), z.unknown()).optional(),
  groups: z.array(z.string()).optional(),
  password: z.union([z.string(), z.strictObject({ hash: z.string() }), z.strictObject({ generate: z.literal(true) })]).optional(),
})

/** What files call an account here. Throws for somebody who signs in at a provider: what it says is not changed here. */
function accountOf(user: User): string {
  const id = accountIdOf(user)
  if (id === undefined) throw conflict('in_use', 'This person has no account here: their provider says who they are')
  return id
}

/** Locks a person who is still as they were seen, or lets them in again. */
async function changeStatus(ctx: Context, caller: Caller, userId: string, { status, expected }: { readonly status: User['status']; readonly expected: string | undefined }): Promise<void> {
  await writeTurn(ctx, () =>
    inTransaction(ctx.db, async (trx) => {
      await holdUsers(trx, [userId])
      const seen = await findUser(trx, userId)
      if (seen === undefined || versionOf(seen) !== expected || !(await setUserStatus(trx, userId, status))) throw seenOther()
    }),
  )
  ctx.audit.record({ event: 'user.changed', userId, change: byWay(caller, status), ...actorOf(caller) })
}

/** Changes what files may say of an account, by the rules for files. Gives a password that was drawn. */
async function changeAccount({ ctx, caller, offered }: Call, before: User, { claims, ...said }: z.output<typeof change>): Promise<string | undefined> {
  const id = accountOf(before)
  const { document, version } = await findThing(ctx, caller.actor, 'user', id)
  const changed = await replaceThing(ctx, caller, 'user', id, mergePatch({ ...document, ...said }, claims === undefined ? {} : { claims }), { offered, expected: version })
  return changed.secret
}

/** People: all for an operator; everybody else sees themselves. */
export const users: Resource = (offered) => [
  operation({
    method: 'GET',
    path: '/api/users',
    id: 'listUsers',
    summary: 'The people whom the caller may see, in the order of their ids',
    scope: 'portner.users.read',
    query: z.strictObject({ ...pageQuery, organization: z.string().max(63).optional() }),
    answer: { status: 200, description: 'A page of them', schema: { name: 'UserList', schema: z.object({ items: z.array(user), next_cursor: z.string().optional() }) } },
    run: async ({ ctx, caller: { actor, personId }, query: { cursor, limit, organization } }) => {
      const list = `users of ${organization ?? 'all'}`
      const after = readCursor(ctx, list, cursor)
      const rows = await listUsers(ctx.db, { after, limit: limit + 1, organization, only: actor.operator ? undefined : (personId ?? null) })
      return { status: 200, body: toPage(ctx, list, rows, limit, ({ userId }) => userId, show) }
    },
  }),
  operation({
    method: 'POST',
    path: '/api/users',
    id: 'createUser',
    summary: 'Makes a local account; a password that is drawn is told once',
    scope: 'portner.users.write',
    body: { reads: anyDocument, described: { name: 'NewUser', schema: kindOf('user').schema(offered), secret: 'password' }, example: { username: 'eva', organization: 'ntu', claims: { name: 'Eva Example', email: 'eva@ntu.example', email_verified: true }, password: { generate: true } } },
    answer: { status: 201, description: 'It is made', schema: withPassword, versioned: true },
    refusals: [409],
    needsRecentSignIn: true,
    run: async ({ ctx, caller, body }) => {
      const made = await createThing(ctx, caller, 'user', body, { offered })
      const { username, organization } = made.document
      const found = await findLocalUser(ctx.db, typeof organization === 'string' ? organization : undefined, String(username))
      if (found === undefined) throw notFound()
      return { status: 201, body: { ...show(found), ...(made.secret === undefined ? {} : { password: made.secret }) }, version: versionOf(found), location: `/api/users/${found.userId}` }
    },
  }),
  operation({
    method: 'GET',
    path: ONE,
    id: 'readUser',
    summary: 'One person',
    scope: 'portner.users.read',
    answer: { status: 200, description: 'The person', schema: shown, versioned: true },
    refusals: [404],
    run: async (call) => {
      const found = await requireUser(call.ctx, call.caller, param(call, 'user_id'), 'read')
      return { status: 200, body: show(found), version: versionOf(found) }
    },
  }),
  operation({
    method: 'PATCH',
    path: ONE,
    id: 'changeUser',
    summary: 'Locks a person or lets them in again, which holds at the next use of any token or session; of an account here also claims, groups and password',
    scope: 'portner.users.write',
    body: { reads: change, example: { status: 'locked' }, mediaType: 'application/merge-patch+json' },
    answer: { status: 200, description: 'The person now', schema: withPassword, versioned: true },
    refusals: [404],
    changes: true,
    needsRecentSignIn: true,
    run: async (call) => {
      const { ctx, caller, body } = call
      const before = await requireUser(ctx, caller, param(call, 'user_id'), 'change')
      if (body.status === 'locked' && before.userId === caller.personId) throw conflict('in_use', 'Nobody locks themselves out')
      const { status, ...said } = body
      const isAccount = Object.keys(said).length > 0
      if (isAccount && versionOf(before) !== call.expected) throw seenOther()
      const secret = isAccount ? await changeAccount(call, before, { ...said, ...(status === undefined ? {} : { status }) }) : undefined
      if (!isAccount && status !== undefined) await changeStatus(ctx, caller, before.userId, { status, expected: call.expected })
      const now = await requireUser(ctx, caller, before.userId, 'read')
      return { status: 200, body: { ...show(now), ...(secret === undefined ? {} : { password: secret }) }, version: versionOf(now) }
    },
  }),
  operation({
    method: 'DELETE',
    path: ONE,
    id: 'removeUser',
    summary: 'Removes an account here with everything of it, for good',
    scope: 'portner.users.write',
    answer: { status: 204, description: 'It is gone' },
    refusals: [404, 409],
    changes: true,
    needsRecentSignIn: true,
    run: async (call) => {
      const { ctx, caller } = call
      const before = await requireUser(ctx, caller, param(call, 'user_id'), 'delete')
      if (versionOf(before) !== call.expected) throw seenOther()
      if (before.userId === caller.personId) throw conflict('in_use', 'Nobody removes themselves here')
      await removeThing(ctx, caller, 'user', accountOf(before), {})
      return { status: 204 }
    },
  }),
]
