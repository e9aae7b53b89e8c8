import { decodeJwt } from 'jose'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deleteTrustedIssuer } from '../../src/clients/trusted-issuers.ts'
import { inTransaction } from '../../src/database/transaction.ts'
import { withdraw } from '../../src/tokens/withdraw-consent.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { basic, get, type JsonAnswer, obtainCode, type Parameters, post, redeem } from '../support/relying-party.ts'
import { withHeldInserts } from '../support/held-inserts.ts'
import { newKey, signed } from '../support/strong-client.ts'
import { SECRET } from '../support/world.ts'

// An issuer that the operator trusts says who is meant, and a client gets a token for it (RFC 7523 §2.1): for itself, or for a person that
// has signed in here before.

const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const [WORKLOADS, CAMPUS, STATEMENTS] = ['https://workloads.example.org', 'https://sts.ntu.example', 'https://apps.example.org']
let server: TestServer
let workloads: Awaited<ReturnType<typeof newKey>>
let campus: Awaited<ReturnType<typeof newKey>>
beforeAll(async () => {
  server = await startTestServer()
  workloads = await newKey()
  campus = await newKey('EdDSA')
  const client = (id: string): string => `
kind: client
client_id: ${id}
client_secret: { value: ${SECRET} }
client_name: ${id}
grant_types: ['${GRANT}', refresh_token]
scope: openid profile gk_calendar gk_grades
`
  const issuer = (name: string, accepts: string, key: typeof workloads, more = ''): string => `
kind: trusted_issuer
issuer: ${name}
accepts: [${accepts}]
jwks: ${JSON.stringify({ keys: [key.jwk] })}
${more}`
  await server.apply([client('worker'), client('portal'), client('other'), issuer(WORKLOADS, 'authorization_grants', workloads), issuer(CAMPUS, 'authorization_grants', campus, 'provider: ntu\nclients: [portal]\n'), issuer(STATEMENTS, 'software_statements', workloads)].join('---'))
})
afterAll(() => server.close())

const now = (): number => Math.floor(server.ctx.clock.now() / 1000)

function assertion(changes: Readonly<Record<string, unknown>> = {}, key = workloads): Promise<string> {
  return signed({ iss: WORKLOADS, sub: 'worker', aud: server.issuer, jti: crypto.randomUUID(), iat: now(), exp: now() + 60, ...changes }, { alg: key.jwk.alg, kid: key.jwk.kid }, key.keys.privateKey)
}

const ofAda = (changes: Readonly<Record<string, unknown>> = {}): Promise<string> => assertion({ iss: CAMPUS, sub: 'ada', ...changes }, campus)

const ask = (jwt: string, client = 'worker', changes: Parameters = {}): Promise<JsonAnswer> => post(server.issuer, '/oauth/token', { grant_type: GRANT, assertion: jwt, ...changes }, { authorization: basic(client) })

const introspect = async (token: unknown, client: string): Promise<Record<string, unknown>> => (await post(server.issuer, '/oauth/introspection', { token: String(token) }, { authorization: basic(client) })).body

test('a workload gets a token for itself, without a refresh token', async () => {
  const { status, body } = await ask(await assertion(), 'worker', { scope: 'gk_calendar' })
  expect({ status, body }).toMatchObject({ status: 200, body: { token_type: 'Bearer', scope: 'gk_calendar' } })
  expect(body).not.toHaveProperty('refresh_token')
  expect(body).not.toHaveProperty('id_token')
  expect(await introspect(body['access_token'], 'worker')).toMatchObject({ active: true, sub: 'client:worker' })
})

describe('for a person of an institution', () => {
  test('the token is theirs, and there is no id token: nobody signed in', async () => {
    const { body } = await ask(await ofAda(), 'portal', { scope: 'openid profile' })
    expect(body).not.toHaveProperty('id_token')
    expect(body).not.toHaveProperty('refresh_token')
    const { body: userinfo } = await get(server.issuer, '/userinfo', { authorization: `Bearer ${body['access_token']}` })
    const own = await redeem(server.issuer, await obtainCode(server.issuer, newBrowser(server.issuer)))
    expect(userinfo).toMatchObject({ name: 'Ada Example', sub: decodeJwt(String(own.body['id_token'])).sub })
  })

  test('a JWT for an API says whose it is', async () => {
    const { body } = await ask(await ofAda({ client_id: 'portal' }), 'portal', { scope: 'gk_grades', resource: 'https://grades.example.org' })
    expect(decodeJwt(String(body['access_token']))).toMatchObject({ aud: 'https://grades.example.org', client_id: 'portal', subject_type: 'user' })
  })

  test('nobody is found by an address, made up, or of another place', async () => {
    for (const sub of ['ada@ntu.example', 'kai', 'nobody', 'portal']) expect(await ask(await ofAda({ sub }), 'portal')).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  })

  test('whoever took back what the client had is not brought by somebody else', async () => {
    const { body } = await ask(await ofAda(), 'portal', { scope: 'openid' })
    const { userId, clientKey } = await whose(String(body['access_token']))
    await server.ctx.db.updateTable('consents').set({ removed_at: new Date(server.ctx.clock.now()) }).where('user_id', '=', userId).where('client_key', '=', clientKey).execute()
    expect(await ask(await ofAda(), 'portal')).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    await server.ctx.db.updateTable('consents').set({ removed_at: null }).where('user_id', '=', userId).execute()
    expect((await ask(await ofAda(), 'portal')).status).toBe(200)
  })

  test('what they took back is left out, and somebody who took back all of that gives nothing', async () => {
    const { userId, clientKey } = await whose(String((await ask(await ofAda(), 'portal', { scope: 'openid' })).body['access_token']))
    const decline = (declined: string[]) => server.ctx.db.updateTable('consents').set({ declined }).where('user_id', '=', userId).where('client_key', '=', clientKey).execute()
    await decline(['profile', 'gk_calendar'])
    expect(await ask(await ofAda(), 'portal', { scope: 'openid profile' })).toMatchObject({ status: 200, body: { scope: 'openid' } })
    expect(await ask(await ofAda(), 'portal', { scope: 'gk_calendar' })).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    await decline([])
  })

  test('whoever is locked is not', async () => {
    const lock = (status: 'locked' | 'active') => server.ctx.db.updateTable('users').set({ status }).where('username', '=', 'ada').execute()
    await lock('locked')
    expect(await ask(await ofAda(), 'portal')).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    await lock('active')
  })
})

async function whose(token: string): Promise<{ readonly userId: string; readonly clientKey: string }> {
  const { body } = await get(server.issuer, '/userinfo', { authorization: `Bearer ${token}` })
  const client = await server.ctx.db.selectFrom('clients').select('client_key').where('client_id', '=', 'portal').executeTakeFirstOrThrow()
  return { userId: String(body['sub']), clientKey: client.client_key }
}

describe('what is refused', () => {
  test.each([
    ['an issuer that nobody declared', () => assertion({ iss: 'https://stranger.example' }), 'worker'],
    ['an issuer whose word counts for something else', () => assertion({ iss: STATEMENTS }), 'worker'],
    ['one issuer under another\'s name', () => assertion({ iss: CAMPUS, sub: 'ada' }), 'portal'],
    ['a client that the issuer is not for', () => ofAda(), 'other'],
    ['an assertion about another client', () => assertion(), 'other'],
    ['an assertion made out for another client', () => assertion({ client_id: 'portal' }), 'worker'],
    ['one that lives long', () => assertion({ exp: now() + 3600 }), 'worker'],
    ['a subject that is no text', () => assertion({ sub: 7 }), 'worker'],
    ['an id without end', () => assertion({ jti: 'x'.repeat(501) }), 'worker'],
  ] as const)('%s', async (_name, make, client) => {
    expect(await ask(await make(), client)).toMatchObject({ status: 400, body: { error: 'invalid_grant', error_description: 'The assertion is not valid' } })
  })

  test('more scope than the client has, which spends nothing', async () => {
    const jwt = await assertion()
    expect(await ask(jwt, 'worker', { scope: 'email' })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
    expect((await ask(jwt)).status).toBe(200)
    expect(await ask(jwt)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  })
})

describe('what the person takes back in the very moment in which it is given', () => {
  const ofPortal = async (): Promise<{ readonly userId: string; readonly consentId: string }> => {
    const { rows } = await sql<{ user_id: string; consent_id: string }>`select user_id, consent_id from consents join users using (user_id) join clients using (client_key) where username = 'ada' and client_id = 'portal'`.execute(server.ctx.db)
    return { userId: rows[0]?.user_id ?? '', consentId: rows[0]?.consent_id ?? '' }
  }
  const livesOf = async (answers: readonly JsonAnswer[]): Promise<readonly unknown[]> =>
    Promise.all(answers.filter(({ status }) => status === 200).map(async ({ body }) => (await introspect(body['access_token'], 'portal'))['active']))
  const start = async (): Promise<JsonAnswer> => ask(await ofAda(), 'portal', { scope: 'openid profile' })
  const givenNothing = () => sql`delete from consents`.execute(server.ctx.db)

  test('does not outlive that, be it the first of all', async () => {
    await givenNothing()
    await withHeldInserts(server.databaseUrl, 'grants', async ({ arrived, behind, letGo }) => {
      const started = start()
      await arrived(1)
      const { userId, consentId } = await ofPortal()
      const taken = withdraw(server.ctx, userId, consentId)
      await behind(taken)
      await letGo()
      const answer = await started
      expect([await taken, answer.status, await livesOf([answer])]).toEqual([true, 200, [false]])
    })
    expect(await start()).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  })

  test('is gone for all of a hundred at once, whichever came first', async () => {
    await givenNothing()
    await start()
    const { userId, consentId } = await ofPortal()
    const starts = Array.from({ length: 100 }, start)
    await starts[0]
    const taken = await withdraw(server.ctx, userId, consentId)
    const answers = await Promise.all(starts)
    expect(taken).toBe(true)
    expect(new Set(await livesOf(answers))).toEqual(new Set([false]))
    await givenNothing()
  })
})

test('an issuer that is taken away is trusted no more', async () => {
  await inTransaction(server.ctx.db, (trx) => deleteTrustedIssuer(trx, CAMPUS))
  await expect.poll(async () => (await ask(await ofAda(), 'portal')).status, { timeout: 3000 }).toBe(400)
})
