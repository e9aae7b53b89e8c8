import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createThing, removeThing, replaceThing } from '../../src/declarations/change.ts'
import type { Changer } from '../../src/declarations/changer.ts'
import { ChangeRefused } from '../../src/declarations/refused.ts'
import { findThing } from '../../src/declarations/thing.ts'
import { offered } from '../../src/endpoints/offered.ts'
import { findActor, setMember } from '../../src/organizations/members.ts'
import { addOperator } from '../../src/organizations/operators.ts'
import { findLocalUser } from '../../src/users/store.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { SECRET } from '../support/world.ts'

// ada operates the server, lin develops for ntu, kai has no role anywhere.

let server: TestServer
const people: Record<string, Changer> = {}

beforeAll(async () => {
  server = await startTestServer()
  const { ctx } = server
  for (const [organization, name] of [['ntu', 'ada'], ['ntu', 'lin'], ['lunmal', 'kai']] as const) {
    const userId = (await findLocalUser(ctx.db, organization, name))?.userId ?? ''
    if (name === 'ada') await addOperator(ctx.db, userId)
    if (name === 'lin') await setMember(ctx.db, 'ntu', userId, 'developer')
    people[name] = { actor: await findActor(ctx, userId), personId: userId, through: 'dashboard' }
  }
})
afterAll(() => server.close())

function who(name: string): Changer {
  const changer = people[name]
  if (changer === undefined) throw new Error(name)
  return changer
}

const APP = { client_id: 'timetable', client_name: 'Timetable', redirect_uris: ['https://timetable.example.org/cb'], organization: 'ntu' }

/** Why a change is refused: the reason and the members at fault. */
async function refusal(work: Promise<unknown>): Promise<readonly string[]> {
  try {
    await work
    return []
  } catch (error) {
    if (!(error instanceof ChangeRefused)) throw error
    return [error.refusal, ...error.faults.map(({ path }) => path)]
  }
}

describe('a thing that somebody makes', () => {
  test('gets a secret that is told once, belongs to the organization, and has a version', async () => {
    const made = await createThing(server.ctx, who('lin'), 'client', APP, { offered })
    expect(made).toMatchObject({ id: 'timetable', owner: { organization: 'ntu' }, declared: false, secret: expect.stringMatching(/^ptr_cs_/) as unknown })
    expect(await findThing(server.ctx, who('lin').actor, 'client', 'timetable')).toMatchObject({ version: made.version, document: { client_name: 'Timetable' } })
    expect(await refusal(createThing(server.ctx, who('lin'), 'client', APP, { offered }))).toEqual(['exists'])
  })

  test('is the person’s own where it is no organization’s', async () => {
    const { organization: _, ...own } = APP
    await createThing(server.ctx, who('kai'), 'client', { ...own, client_id: 'kais' }, { offered })
    expect((await findThing(server.ctx, who('kai').actor, 'client', 'kais')).owner).toEqual({ userId: who('kai').personId })
    expect(await refusal(findThing(server.ctx, who('lin').actor, 'client', 'kais'))).toEqual(['not_found'])
  })

  test('is not there for who may not read it, and not made where one has no role', async () => {
    expect(await refusal(findThing(server.ctx, who('kai').actor, 'client', 'timetable'))).toEqual(['not_found'])
    expect(await refusal(replaceThing(server.ctx, who('kai'), 'client', 'timetable', APP, { offered }))).toEqual(['not_found'])
    expect(await refusal(createThing(server.ctx, who('kai'), 'client', { ...APP, client_id: 'x' }, { offered }))).toEqual(['invalid', 'organization'])
    expect(await refusal(createThing(server.ctx, who('lin'), 'organization', { organization_id: 'new', name: 'New' }, { offered }))).toEqual(['forbidden'])
  })

  test('has every fault told with its member', async () => {
    expect(await refusal(createThing(server.ctx, who('lin'), 'client', { client_id: 'bad', redirect_uris: ['nowhere', 7], cleint_name: 'x', consent: 'never' }, { offered }))).toEqual(['invalid', 'redirect_uris[0]', 'redirect_uris[1]', 'consent', 'cleint_name'])
    expect(await refusal(createThing(server.ctx, who('lin'), 'client', { ...APP, client_id: 'bad', login_providers: ['nobody'], authorization_details_types: ['none'] }, { offered }))).toEqual(['invalid', 'login_providers[0]', 'authorization_details_types[0]'])
  })

  test('takes no secret out of the server’s files and environment', async () => {
    const kept = join(await mkdtemp(join(tmpdir(), 'portner-secret-')), 'secret')
    await writeFile(kept, SECRET)
    for (const client_secret of [{ from_file: kept }, { from_env: 'PATH' }]) {
      expect(await refusal(createThing(server.ctx, who('ada'), 'client', { ...APP, client_id: 'thief', client_secret }, { offered }))).toEqual(['invalid', 'client_secret'])
    }
  })
})

describe('what only an operator says', () => {
  test.each([
    ['consent', { consent: 'implied' }],
    ['profile', { profile: 'legacy' }],
    ['compatibility', { compatibility: ['no_pkce'] }],
    ['scope', { scope: 'openid portner.clients.read' }],
    ['scope', { scope: 'openid consent.create' }],
  ])('%s of a client: %j', async (member, more) => {
    expect(await refusal(createThing(server.ctx, who('lin'), 'client', { ...APP, client_id: 'weaker', ...more }, { offered }))).toEqual(['invalid', member])
    await createThing(server.ctx, who('ada'), 'client', { ...APP, client_id: 'weaker', ...more }, { offered })
    // What an operator has allowed stays when a developer changes something else.
    await replaceThing(server.ctx, who('lin'), 'client', 'weaker', { ...APP, client_id: 'weaker', client_name: 'Other', ...more }, { offered })
    await removeThing(server.ctx, who('ada'), 'client', 'weaker', {})
  })

  test('that a client is switched on again', async () => {
    await createThing(server.ctx, who('lin'), 'client', { ...APP, client_id: 'off', status: 'disabled' }, { offered })
    expect(await refusal(replaceThing(server.ctx, who('lin'), 'client', 'off', { ...APP, client_id: 'off' }, { offered }))).toEqual(['invalid', 'status'])
    await replaceThing(server.ctx, who('ada'), 'client', 'off', { ...APP, client_id: 'off' }, { offered })
  })

  test('a client that acts by itself is not in the hands of a developer', async () => {
    const robot = { client_id: 'acting', client_name: 'Acting', application_type: 'service', scope: 'portner.clients.read', organization: 'ntu' }
    await createThing(server.ctx, who('ada'), 'client', robot, { offered })
    expect(await refusal(replaceThing(server.ctx, who('lin'), 'client', 'acting', { ...robot, client_name: 'Mine' }, { offered }))).toEqual(['forbidden'])
    expect(await refusal(findThing(server.ctx, who('lin').actor, 'client', 'acting', 'secrets'))).toEqual(['forbidden'])
    expect((await findThing(server.ctx, who('lin').actor, 'client', 'acting')).owner).toEqual({ organization: 'ntu' })
    // Nor may it become one behind the operator's back.
    const byPeople = { ...robot, client_id: 'by-people', application_type: 'web', redirect_uris: APP.redirect_uris, grant_types: ['authorization_code'] }
    await createThing(server.ctx, who('ada'), 'client', byPeople, { offered })
    for (const grant of ['client_credentials', 'urn:ietf:params:oauth:grant-type:jwt-bearer']) {
      expect([grant, ...(await refusal(replaceThing(server.ctx, who('lin'), 'client', 'by-people', { ...byPeople, grant_types: ['authorization_code', grant] }, { offered })))]).toEqual([grant, 'invalid', 'grant_types'])
    }
  })
})

describe('of many who change a thing', () => {
  test('one of a hundred who saw the same version does; the others are told that it is another by now', async () => {
    const before = await findThing(server.ctx, who('lin').actor, 'client', 'timetable')
    const all = await Promise.all(Array.from({ length: 100 }, (_, i) => refusal(replaceThing(server.ctx, who('lin'), 'client', 'timetable', { ...APP, client_name: `Name ${i}` }, { offered, expected: before.version }))))
    expect(all.filter((one) => one.length === 0)).toHaveLength(1)
    expect(all.filter((one) => one[0] === 'stale')).toHaveLength(99)
  })

  test('one of a hundred makes it', async () => {
    // An operator, who may make as many as that in a day.
    const all = await Promise.all(Array.from({ length: 100 }, () => refusal(createThing(server.ctx, who('ada'), 'client', { ...APP, client_id: 'once' }, { offered }))))
    expect(all.filter((one) => one.length === 0)).toHaveLength(1)
  })

  test('what something names is not removed', async () => {
    expect(await refusal(removeThing(server.ctx, who('ada'), 'organization', 'ntu', {}))).toEqual(['in_use', ''])
    await removeThing(server.ctx, who('lin'), 'client', 'once', {})
    expect(await refusal(findThing(server.ctx, who('lin').actor, 'client', 'once'))).toEqual(['not_found'])
  })
})
