import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTerminal, type Terminal } from './terminal.ts'

let terminal: Terminal
beforeAll(async () => {
  terminal = await openTerminal()
  await terminal.run(['apply', '-'], { stdin: 'kind: organization\norganization_id: ntu\nname: NTU\n' })
  for (const name of ['ada', 'lin']) await terminal.run(['user', 'create', '--username', name, '--organization', 'ntu', '--name', name === 'ada' ? 'Ada Example' : 'Lin Example'])
})
afterAll(() => terminal.close())

describe('operators', () => {
  test('are added and removed by name, and the list says who they are', async () => {
    expect((await terminal.run(['operator', 'add', 'ntu/ada'])).out).toBe('Ada Example is an operator\n')
    expect((await terminal.run(['operator', 'add', 'ntu/ada'])).status).toBe(0)
    expect(await terminal.json(['operator', 'list'])).toEqual([{ user_id: expect.any(String) as unknown, user: 'ntu/ada', name: 'Ada Example', since: expect.any(String) as unknown }])
    expect(await terminal.run(['operator', 'remove', 'ntu/ada'])).toMatchObject({ out: 'Ada Example is no operator\n', err: expect.stringContaining('nobody is an operator now') as unknown })
    expect(await terminal.json(['operator', 'list'])).toEqual([])
  })

  test('cannot be somebody who is not there', async () => {
    expect(await terminal.run(['operator', 'add', 'ntu/nobody'])).toMatchObject({ status: 1, err: expect.stringContaining('There is no user nobody in ntu') as unknown })
  })
})

describe('members of an organization', () => {
  test('get a role, another one, and lose it; a person is also found by the id', async () => {
    const added = (await terminal.json(['organization', 'member', 'add', 'ntu', 'ntu/lin'])) as { user_id: string }
    expect(added).toEqual({ organization: 'ntu', user_id: expect.any(String) as unknown, role: 'developer' })
    expect((await terminal.run(['organization', 'member', 'add', 'ntu', added.user_id, '--role', 'admin'])).out).toBe('Lin Example is admin of ntu\n')
    expect(await terminal.json(['organization', 'member', 'list', 'ntu'])).toEqual([{ user_id: added.user_id, user: 'ntu/lin', name: 'Lin Example', role: 'admin' }])
    await terminal.run(['organization', 'member', 'remove', 'ntu', 'ntu/lin'])
    expect(await terminal.json(['organization', 'member', 'list', 'ntu'])).toEqual([])
  })

  test('may all go here, with a word about it: whoever stands at the command line makes another', async () => {
    await terminal.run(['organization', 'member', 'add', 'ntu', 'ntu/ada', '--role', 'admin'])
    expect(await terminal.run(['organization', 'member', 'add', 'ntu', 'ntu/ada', '--role', 'developer'])).toMatchObject({ status: 0, err: expect.stringContaining('ntu has no admin') as unknown })
    expect(await terminal.run(['organization', 'member', 'remove', 'ntu', 'ntu/ada'])).toMatchObject({ status: 0, err: '' })
    expect((await terminal.run(['organization', 'member', 'remove', 'ntu', 'ntu/ada'])).status).toBe(0)
  })

  test('have one of three roles, in an organization that there is', async () => {
    expect(await terminal.run(['organization', 'member', 'add', 'ntu', 'ntu/lin', '--role', 'king'])).toMatchObject({ status: 2, err: expect.stringContaining('Allowed choices are admin, developer, member') as unknown })
    expect(await terminal.run(['organization', 'member', 'add', 'nut', 'ntu/lin'])).toMatchObject({ status: 1, err: expect.stringContaining('did you mean ntu?') as unknown })
  })
})

test('what commands do is told by the audit like what pages and programs do, and what changed nothing is not', async () => {
  await terminal.run(['user', 'set-password', 'ntu/lin', '--password-stdin'], { stdin: 'a password of her own' })
  await terminal.run(['operator', 'add', 'ntu/lin'])
  const events = (await terminal.run(['audit', 'export'])).out.trim().split('\n').map((line) => JSON.parse(line) as { event: string; details: Readonly<Record<string, unknown>> })
  const details = (event: string): readonly unknown[] => events.filter((one) => one.event === event).map((one) => one.details)
  expect(details('user.changed').slice(-3)).toMatchObject([{ change: 'create by command' }, { change: 'create by command' }, { change: 'change by command', members: ['password'] }])
  expect(details('operator.changed')).toMatchObject([{ change: 'add by command' }, { change: 'remove by command' }, { change: 'add by command' }])
  expect(details('organization.member_changed')).toMatchObject(['developer', 'admin', 'removed', 'admin', 'developer', 'removed'].map((change) => ({ change: `${change} by command` })))
  expect(JSON.stringify(events)).not.toContain('a password of her own')
})
