import { afterAll, beforeAll, expect, test } from 'vitest'
import { findClient, listOwnedClients, setClientOwner } from '../../src/clients/store.ts'
import { ownerOf } from '../../src/clients/client.ts'
import { inTransaction } from '../../src/database/transaction.ts'
import { can } from '../../src/organizations/can.ts'
import { findActor, listMembers, removeMember, setMember } from '../../src/organizations/members.ts'
import { addOperator, listOperators } from '../../src/organizations/operators.ts'
import { mergeUsers } from '../../src/signin/merge.ts'
import { findLocalUser } from '../../src/users/store.ts'
import { startTestServer, type TestServer } from '../support/app.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

async function idOf(organization: string, name: string): Promise<string> {
  return (await findLocalUser(server.ctx.db, organization, name))?.userId ?? ''
}

test('a role holds from the next question on, and so does its end; belonging to an institution is no role', async () => {
  const { ctx } = server
  const lin = await idOf('ntu', 'lin')
  const mayChange = async (): Promise<boolean> => can(await findActor(ctx, lin), 'change', { kind: 'client', owner: { organization: 'ntu' } })
  expect(await mayChange()).toBe(false)
  expect(await setMember(ctx.db, 'ntu', lin, 'developer')).toBe(true)
  expect(await setMember(ctx.db, 'ntu', lin, 'developer')).toBe(false)
  expect(await mayChange()).toBe(true)
  expect(await removeMember(ctx.db, 'ntu', lin)).toBe(true)
  expect(await mayChange()).toBe(false)
})

test('a client is its organization’s, else the person’s who registered it', async () => {
  const { ctx } = server
  const lin = await idOf('ntu', 'lin')
  await inTransaction(ctx.db, async (trx) => {
    await setClientOwner(trx, 'second', lin)
    await setClientOwner(trx, 'planner', lin)
  })
  const owners = await Promise.all(['second', 'planner', 'spa'].map(async (id) => ownerOf((await findClient(ctx, id)) ?? { metadata: {} as never })))
  expect(owners).toEqual([{ userId: lin }, { organization: 'ntu' }, {}])
  expect((await listOwnedClients(ctx.db, { organizations: ['ntu'], userId: lin }, { limit: 10 })).map(({ clientId }) => clientId)).toEqual(['calendar-api', 'planner', 'second'])
  expect((await listOwnedClients(ctx.db, { organizations: [], userId: lin }, { limit: 10 })).map(({ clientId }) => clientId)).toEqual(['second'])
  expect((await listOwnedClients(ctx.db, { organizations: ['ntu'], userId: lin }, { after: 'calendar-api', limit: 1 })).map(({ clientId }) => clientId)).toEqual(['planner'])
})

test('of two people who become one, the one that stays has the roles and clients of both', async () => {
  const { ctx } = server
  const [ada, kai] = [await idOf('ntu', 'ada'), await idOf('lunmal', 'kai')]
  await setMember(ctx.db, 'ntu', ada, 'member')
  await setMember(ctx.db, 'ntu', kai, 'developer')
  await setMember(ctx.db, 'lunmal', kai, 'admin')
  await addOperator(ctx.db, kai)
  await inTransaction(ctx.db, (trx) => setClientOwner(trx, 'second', kai))
  const merged = await mergeUsers(ctx, ada, kai)
  const survivor = merged?.survivor ?? ''
  expect(await findActor(ctx, survivor)).toEqual({ userId: survivor, operator: true, roles: new Map([['ntu', 'developer'], ['lunmal', 'admin']]) })
  expect((await listOperators(ctx.db)).map(({ userId }) => userId)).toEqual([survivor])
  expect((await listMembers(ctx.db, 'ntu')).map(({ userId }) => userId)).toEqual([survivor])
  expect((await listOwnedClients(ctx.db, { organizations: [], userId: survivor }, { limit: 10 })).map(({ clientId }) => clientId)).toEqual(['second'])
})
