import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { saveFederatedProviders, listFederatedHashes } from '../../src/upstream/store.ts'
import type { Provider } from '../../src/upstream/provider.ts'
import { giveApp, userIdOf } from '../factors/person.ts'
import { begin } from '../journeys/person.ts'
import { openAccount, viewName } from '../support/account.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, pageName } from '../support/browser.ts'
import { type Mailbox, mailEnv, startMailbox } from '../support/mailbox.ts'
import { basic, obtainCode, post, redeem, refresh } from '../support/relying-party.ts'
import { atWork, change, doneBy, factOf, rowsOf, told } from './operator.ts'

// What an operator changes, what follows from it, and what is written down of it.

let server: TestServer
let mailbox: Mailbox
let ada: Browser
let me: string
beforeAll(async () => {
  mailbox = await startMailbox()
  server = await startTestServer({ env: mailEnv(mailbox) })
  ada = await atWork(server)
  me = await userIdOf(server, 'ada')
})
afterAll(async () => {
  await server.close()
  await mailbox.close()
})

const last = async () => (await doneBy(server, me))[0]

describe('people', () => {
  test('are found by name, address or id, and shown without anything that opens something', async () => {
    const kai = await userIdOf(server, 'kai')
    for (const query of ['kai', 'KAI EX', kai]) expect(rowsOf(await ada.open(`/admin/users?${new URLSearchParams({ q: query })}`), 'users')).toEqual([['Kai Example', 'kai', 'None', 'lunmal', 'Active']])
    expect(rowsOf(await ada.open('/admin/users?q=lin@ntu&status=active'), 'users')).toHaveLength(1)
    expect(rowsOf(await ada.open('/admin/users?organization=ntu'), 'users').map(([name]) => name).sort()).toEqual(['Ada Example', 'Lin Example'])
    const nobody = await ada.open('/admin/users?q=%25')
    expect([rowsOf(nobody, 'users'), nobody.html.includes('Nobody fits')]).toEqual([[], true])
  })

  test('are locked out at the next use of anything, and let in again; once more changes nothing', async () => {
    const id = await userIdOf(server, 'kai')
    const kai = newBrowser(server.issuer)
    await openAccount(kai, '/account', 'kai')
    const page = await change(ada, `/admin/users/${id}/lock`)
    expect([viewName(page), told(page), factOf(page, 'status')]).toEqual(['admin-thing', 'This person is locked out.', 'Locked out'])
    expect(pageName(await kai.open('/account'))).not.toBe('account')
    expect(await last()).toMatchObject({ event: 'user.changed', userId: id, change: 'locked by an operator' })
    const before = (await doneBy(server, me)).length
    await change(ada, `/admin/users/${id}/lock`)
    expect((await doneBy(server, me)).length).toBe(before)
    expect(told(await change(ada, `/admin/users/${id}/unlock`))).toBe('This person can sign in again.')
    expect(pageName(await kai.open('/account'))).toBe('account')
  })

  test('cannot lock themselves out', async () => {
    expect((await ada.open(`/admin/users/${me}`)).html).not.toContain('action-lock')
    expect((await ada.open(`/admin/users/${me}/lock`)).status).toBe(404)
  })

  test('are signed out everywhere, and where that is ticked what goes on without them ends too', async () => {
    const lin = newBrowser(server.issuer)
    const id = await userIdOf(server, 'lin')
    const offline = await redeem(server.issuer, await obtainCode(server.issuer, lin, { scope: 'openid offline_access' }, 'lin'))
    await openAccount(lin, '/account', 'lin')
    expect(rowsOf(await ada.open(`/admin/users/${id}`), 'sessions').length).toBeGreaterThan(0)
    const page = await change(ada, `/admin/users/${id}/end-sessions`)
    expect([told(page), rowsOf(page, 'sessions')]).toEqual(['This person is signed out everywhere.', []])
    expect(pageName(await lin.open('/account'))).not.toBe('account')
    const token = String(offline.body['refresh_token'])
    const next = await refresh(server.issuer, token)
    expect(next.status).toBe(200)
    await change(ada, `/admin/users/${id}/end-sessions`, { box: '1' })
    expect((await refresh(server.issuer, String(next.body['refresh_token']))).status).toBe(400)
    expect(await last()).toMatchObject({ event: 'session.ended', userId: id })
  })

  test('get a link for a new password at their confirmed address, and nobody else does', async () => {
    const page = await change(ada, `/admin/users/${me}/send-reset`)
    expect(told(page)).toBe('The link is on its way.')
    const mail = await mailbox.next('ada@ntu.example')
    const link = /https?:\/\/\S+\/recovery\/\S+/.exec(mail.text)?.[0] ?? ''
    expect(pageName(await newBrowser(server.issuer).open(new URL(link).pathname))).toBe('reset')
    expect(await last()).toMatchObject({ event: 'password.reset_asked', userId: me, by: 'operator' })
    expect(page.html + JSON.stringify(await last()) + server.logged()).not.toContain(link.slice(-20))
    // Lin's address is not confirmed, and Kai has none.
    for (const name of ['lin', 'kai']) expect((await ada.open(`/admin/users/${await userIdOf(server, name)}/send-reset`)).status).toBe(404)
  })

  test('lose their second factors for a reason only, which is kept, and are told', async () => {
    await giveApp(server, 'ada')
    await server.advance(1)
    const id = await userIdOf(server, 'kai')
    await giveApp(server, 'kai')
    // Ada's own sign-in is too weak for a change now.
    expect(viewName(await ada.open(`/admin/users/${id}/remove-factors`))).toBe('account-again')
    await sql`delete from totp_secrets where user_id = ${me}`.execute(server.ctx.db)
    const path = `/admin/users/${id}/remove-factors`
    for (const reason of ['', '   ', 'x'.repeat(201), 'two\nlines']) {
      const refused = await change(ada, path, { reason })
      expect([refused.status, viewName(refused), refused.html.includes('id="reason-err"')]).toEqual([400, 'admin-confirm', true])
    }
    expect(factOf(await ada.open(`/admin/users/${id}`), 'app')).toBe('Yes')
    const page = await change(ada, path, { reason: 'lost telephone, shown passport' })
    expect([told(page), factOf(page, 'app')]).toEqual(['This person has no second factor any more.', 'No'])
    expect(await last()).toEqual({ event: 'factor.changed', userId: id, change: 'all removed by an operator', reason: 'lost telephone, shown passport' })
  })

  test('have a consent withdrawn by an operator, for a reason', async () => {
    const lin = newBrowser(server.issuer)
    const id = await userIdOf(server, 'lin')
    await redeem(server.issuer, await obtainCode(server.issuer, lin, { scope: 'openid profile' }, 'lin'))
    const href = /href="(\/admin\/consents\/[^"]+)"/.exec((await ada.open(`/admin/users/${id}`)).html)?.[1] ?? ''
    const page = await change(ada, href, { reason: 'the agreement has ended' })
    expect([told(page), rowsOf(page, 'consents')]).toEqual(['The consent is withdrawn.', []])
    expect(await last()).toMatchObject({ event: 'consent.withdrawn', userId: id, clientId: 'planner', by: 'operator', reason: 'the agreement has ended' })
  })
})

describe('places to sign in', () => {
  test('are switched off for everybody, and on again', async () => {
    const page = await change(ada, '/admin/providers/lunmal/switch-off')
    expect([told(page), factOf(page, 'state')]).toEqual(['Nobody can sign in here now.', 'Off By an operator'])
    // What other pages keep in memory is a moment old at most.
    await expect.poll(async () => (await begin(newBrowser(server.issuer), server.issuer)).page.html, { timeout: 5000 }).not.toContain('data-provider="lunmal"')
    expect(rowsOf(await ada.open('/admin/providers?state=off'), 'providers').map(([, id]) => id)).toEqual(['lunmal'])
    expect(await last()).toEqual({ event: 'provider.changed', providerId: 'lunmal', change: 'switched off by an operator' })
    expect(factOf(await change(ada, '/admin/providers/lunmal/switch-on'), 'state')).toBe('On')
  })

  test('of a federation stay off, whatever its next import says', async () => {
    const provider = (name: string): Provider => ({ provider_id: 'fed.one', protocol: 'saml', name: { en: name }, keywords: [], disabled: false })
    const imported = (name: string, hash: string) => server.ctx.db.transaction().execute((trx) => saveFederatedProviders(trx, 'fed', [{ provider: provider(name), hash: Buffer.from(hash) }]))
    await imported('One', 'a')
    await change(ada, '/admin/providers/fed.one/switch-off')
    expect([...(await listFederatedHashes(server.ctx.db, 'fed')).values()]).toEqual(['61'])
    expect([...(await imported('Another', 'b'))]).toEqual([])
    expect(factOf(await ada.open('/admin/providers/fed.one'), 'state')).toBe('Off By an operator')
    await change(ada, '/admin/providers/fed.one/switch-on')
    expect([...(await imported('Another', 'b'))]).toEqual(['fed.one'])
  })
})

test('an application is shut out with all its tokens, and let in again', async () => {
  const token = () => post(server.issuer, '/oauth/token', { grant_type: 'client_credentials' }, { authorization: basic('robot') })
  expect((await token()).status).toBe(200)
  expect(told(await change(ada, '/admin/clients/robot/disable'))).toBe('The application is shut out.')
  expect([400, 401]).toContain((await token()).status)
  expect(rowsOf(await ada.open('/admin/clients?status=disabled'), 'clients').map(([, id]) => id)).toEqual(['robot'])
  expect(await last()).toMatchObject({ event: 'client.changed', clientId: 'robot', change: 'status disabled by an operator' })
  await change(ada, '/admin/clients/robot/enable')
  await expect.poll(async () => (await token()).status, { timeout: 5000 }).toBe(200)
  // What no production client may have comes back where it was.
  await change(ada, '/admin/clients/unsafe/disable')
  expect(factOf(await change(ada, '/admin/clients/unsafe/enable'), 'status')).toBe('In development')
  expect(factOf(await ada.open('/admin/clients/robot'), 'status')).toBe('In production')
})

test('keys: successors are published at once, and sign later', async () => {
  const before = rowsOf(await ada.open('/admin/keys'), 'keys')
  const page = await change(ada, '/admin/keys/rotate')
  const after = rowsOf(page, 'keys')
  expect([told(page), after.length, after.filter(([, , state]) => state === 'Published').length]).toEqual(['New keys are published.', before.length + 3, 3])
  expect(await last()).toMatchObject({ event: 'keys.rotated' })
})
