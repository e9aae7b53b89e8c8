import { Readable } from 'node:stream'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCommandLine } from '../../src/cli/run.ts'
import { openAccount } from '../support/account.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser, pageName } from '../support/browser.ts'
import { authorizationUrl, newPkce, providerLink, refresh } from '../support/relying-party.ts'
import { agree, ask, bank, consentOf, DEBT, introspect, itself } from './stage.ts'

// Those who run the service end a consent, at the command line, while the server runs.

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  await server.apply(DEBT)
})
afterAll(() => server.close())

async function portner(...args: readonly string[]): Promise<{ readonly status: number; readonly out: string; readonly err: string }> {
  let [out, err] = ['', '']
  const env = { DATABASE_URL: server.databaseUrl, PORTNER_DATA_DIR: server.ctx.config.dataDir, PORT: new URL(server.issuer).port, PORTNER_TEST_CLOCK: '1' }
  const status = await runCommandLine(args, { env, stdin: Readable.from(['']), out: (text) => void (out += text), err: (text) => void (err += text), isTerminal: false })
  return { status, out, err }
}

const withdraw = (id: string, reason = 'the agreement has ended') => portner('consent', 'withdraw', id, '--reason', reason)
const statusOf = async (id: string) => (await ask(server, `${id}/status`, await itself(server, 'bank'))).body

describe('an operator', () => {
  test('withdraws a consent with an end: its tokens are dead, the feed and the status say who did it, others go on', async () => {
    const tokens = await agree(server, 'openid debt.presentation.30 offline_access')
    const other = await agree(server, 'openid debt.presentation.30')
    const id = await consentOf(server, tokens.body['access_token'])
    expect(await withdraw(id)).toMatchObject({ status: 0, out: 'withdrawn: its tokens are dead at their next use\n' })
    expect(await introspect(server, tokens.body['access_token'])).toEqual({ active: false })
    expect((await refresh(server.issuer, tokens.body['refresh_token'], {}, bank)).body['error']).toBe('invalid_grant')
    expect((await introspect(server, other.body['access_token']))['active']).toBe(true)
    expect(await statusOf(id)).toMatchObject({ status: 'withdrawn', active: false, withdrawn_by: 'operator' })
    const { events } = (await ask(server, 'feed?limit=1000', await itself(server, 'bank', 'consent.events'))).body as { events: Record<string, unknown>[] }
    expect(events.at(-1)).toMatchObject({ type: 'consent.withdrawn', consent_id: id })
    expect(await withdraw(id)).toMatchObject({ status: 1, out: 'nothing to withdraw: it had ended before\n' })
  })

  test('withdraws one that goes on until it is taken back, with all that its client has; the person is told who did it, and is asked anew', async () => {
    const tokens = await agree(server, 'openid profile offline_access', {}, 'lin')
    const limited = await agree(server, 'openid debt.presentation.30', {}, 'lin')
    const id = await consentOf(server, tokens.body['access_token'])
    expect((await withdraw(id, 'the bank was sold')).status).toBe(0)
    for (const { body } of [tokens, limited]) expect(await introspect(server, body['access_token'])).toEqual({ active: false })
    expect((await refresh(server.issuer, tokens.body['refresh_token'], {}, bank)).body['error']).toBe('invalid_grant')
    expect(await statusOf(id)).toMatchObject({ status: 'withdrawn', withdrawn_by: 'operator' })
    const { rows: kept } = await sql<{ details: unknown }>`select details from audit_events where event = 'consent.withdrawn' order by event_id`.execute(server.ctx.db)
    expect(kept.at(-1)?.details).toMatchObject({ consentId: id, clientId: 'bank', by: 'operator', reason: 'the bank was sold' })
    const browser = newBrowser(server.issuer)
    const history = (await openAccount(browser, '/account/history', 'lin')).html
    expect(history).toContain('Those who run this service ended what')
    expect(history).not.toContain('the bank was sold')
    const fresh = newBrowser(server.issuer)
    let page = await fresh.open(authorizationUrl(server.issuer, newPkce(), { client_id: 'bank', scope: 'openid profile' }))
    page = await fresh.submit(await fresh.open(providerLink(page, 'ntu')), 'username', { username: 'lin', password: 'lin has a password' })
    expect(pageName(page)).toBe('consent')
    expect(page.html).not.toContain('You removed')
  })

  test('finds consents by person and by application, those that ended too', async () => {
    const all = await portner('consent', 'list', '--user', 'ntu/lin', '--client', 'bank', '--json')
    const found = JSON.parse(all.out) as Record<string, unknown>[]
    expect(found.map(({ client_id, status, withdrawn_by }) => [client_id, status, withdrawn_by])).toEqual([['bank', 'withdrawn', 'operator'], ['bank', 'withdrawn', 'operator']])
    const byId = await portner('consent', 'list', '--user', String(found[0]?.['user_id']), '--quiet')
    expect(byId.out.split('\n')).toContain(found[0]?.['consent_id'])
    const table = await portner('consent', 'list', '--client', 'bank')
    expect(table.out).toMatch(/active +\d{4}-.* debt\.presentation\.30\n/)
    expect(table.out).not.toContain('account')
  })

  test.each([
    [['consent', 'withdraw', '0190c2a7-5b5f-7c3e-8d0e-0123456789ab', '--reason', 'x'], 1, 'There is no consent'],
    [['consent', 'withdraw', 'x', '--reason', 'x'], 1, 'There is no consent'],
    [['consent', 'withdraw', 'x', '--reason', ' '], 2, '--reason is one line'],
    [['consent', 'withdraw', 'x'], 2, "required option '--reason"],
    [['consent', 'list'], 2, 'Whose consents are meant is not said'],
    [['consent', 'list', '--client', 'bnak'], 1, 'did you mean bank?'],
    [['consent', 'list', '--user', 'ntu/nobody'], 1, 'There is no user nobody in ntu'],
    [['consent', 'list', '--client', 'bank', '--limit', '0'], 2, '--limit 0 is not a number'],
  ])('%j is refused', async (args, status, told) => {
    const refused = await portner(...args)
    expect([refused.status, refused.err]).toEqual([status, expect.stringContaining(told)])
  })
})
