import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { grantScope, noteWishes, refuseScope } from '../../src/apis/requests.ts'
import { readClient } from '../../src/clients/store.ts'
import { tellOfScopesJob } from '../../src/jobs/tell-of-scopes.ts'
import { setMember } from '../../src/organizations/members.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Mailbox, mailEnv, startMailbox } from '../support/mailbox.ts'
import { apis, OPEN, register, type Wisher } from './stage.ts'

// Who is written to when a client asks, and when somebody has decided.

let mailbox: Mailbox
let server: TestServer
let ada: string
let wisher: Wisher
beforeAll(async () => {
  mailbox = await startMailbox()
  server = await startTestServer({ env: { ...OPEN, ...mailEnv(mailbox) } })
  await server.apply(`${apis}---\nkind: organization\norganization_id: ntu\nname: NTU\nrealms: [ntu.example]\ncontact: { email: desk@ntu.example }\n`)
  const { rows } = await sql<{ user_id: string }>`select user_id from users where username = 'ada'`.execute(server.ctx.db)
  ada = rows[0]?.user_id ?? ''
  await setMember(server.ctx.db, 'ntu', ada, 'admin')
})
afterAll(async () => {
  await server.close()
  await mailbox.close()
})

const never = (): boolean => false
const about = async (scope: string) => ({ clientKey: (await readClient(server.ctx.db, wisher.id))?.key ?? '', clientId: wisher.id, scope, by: undefined })

async function tell(): Promise<number> {
  const told = await tellOfScopesJob.run(server.ctx, never)
  await server.ctx.mail.deliver()
  return told
}

describe('a client that asks', () => {
  test('is told to the API’s owner in one letter with the address of the inbox; admins read it, and the organization’s desk', async () => {
    wisher = await register(server, 'openid gk_exams gk_exams_write gk_exams_results')
    await tell()
    for (const to of ['desk@ntu.example', 'ada@ntu.example']) {
      const { subject, text } = await mailbox.next(to)
      expect([subject, text]).toEqual([expect.stringContaining('Exams'), expect.stringContaining('gk_exams_write')])
      expect(text).toContain(`${server.issuer}/dashboard/requests`)
      expect(text).toContain(wisher.id)
    }
    expect(mailbox.received).toEqual([])
  })

  test('is told once', async () => {
    expect(await tell()).toBe(0)
    expect(mailbox.received).toEqual([])
  })

  test('for people of named realms is told to their organizations', async () => {
    await register(server, 'openid gk_exams gk_exams_people')
    await tell()
    expect((await mailbox.next('desk@ntu.example')).text).toContain('gk_exams_people')
    await mailbox.next('ada@ntu.example')
    expect(mailbox.received).toEqual([])
  })
})

describe('a decision', () => {
  test('is told to whoever asked, with the reason of a no; never to addresses that a client names itself', async () => {
    const client = await readClient(server.ctx.db, wisher.id)
    await server.ctx.db.transaction().execute((trx) => noteWishes(trx, { clientKey: client?.key ?? '', scope: 'openid gk_exams gk_exams_write gk_vault', organization: undefined, operator: false, by: ada }))
    await sql`update clients set document = jsonb_set(document, '{contacts}', '["stranger@elsewhere.example"]') where client_id = ${wisher.id}`.execute(server.ctx.db)
    await tell()
    expect(await refuseScope(server.ctx, await about('gk_vault'), 'It is full')).toBe(true)
    await tell()
    const { subject, text } = await mailbox.next('ada@ntu.example')
    expect([subject, text]).toEqual(['A scope was refused', expect.stringContaining('It is full')])
    expect(await grantScope(server.ctx, await about('gk_vault'))).toBe(true)
    await tell()
    expect((await mailbox.next('ada@ntu.example')).subject).toBe('A scope was granted')
    expect(mailbox.received).toEqual([])
  })
})
