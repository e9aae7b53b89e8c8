import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMetrics } from '../../src/audit/metrics.ts'
import { createDiagnosis, type Diagnosis, type Refusal } from '../../src/diagnosis/record.ts'
import { deleteExpiredJob } from '../../src/jobs/delete-expired.ts'
import { newReference } from '../../src/lib/random.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { basic, get, obtainCode, post, redeem, refresh } from '../support/relying-party.ts'
import { CALLBACK, SECRET } from '../support/world.ts'
import { ask, diagnosisOf, OPERATOR, pair, referenceOf } from './stage.ts'

// What is kept of refusals, and how much: no secret in clear, and no flood makes the table grow.

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

async function table(): Promise<string> {
  await server.ctx.diagnosis.flush()
  const { rows } = await sql<{ line: string }>`select t::text as line from traces t`.execute(server.ctx.db)
  return rows.map(({ line }) => line).join('\n')
}

async function count(ring: string): Promise<number> {
  const { rows } = await sql<{ count: string }>`select count(*) as count from traces where ring = ${ring}`.execute(server.ctx.db)
  return Number(rows[0]?.count)
}

/** A recorder of its own, so that nothing else writes while it is looked at. */
function recorder(): { readonly diagnosis: Diagnosis; readonly dropped: () => Promise<Record<string, number>> } {
  const { db, clock, log, sealing } = server.ctx
  const metrics = createMetrics('test', false)
  const diagnosis = createDiagnosis({ db, clock, log, metrics, sealing, isRegistered: async (clientId) => clientId.startsWith('known') })
  const dropped = async (): Promise<Record<string, number>> => Object.fromEntries((await metrics.tracesDropped.get()).values.map(({ labels, value }) => [String(labels.reason), value]))
  return { diagnosis, dropped }
}

function refusal(clientId: string): Refusal {
  return { reference: newReference(), level: 'refused', endpoint: '/oauth/token', method: 'POST', status: 401, error: 'invalid_client', description: 'x', clientId, forms: [], trace: { cause: 'client_auth.secret' } }
}

describe('what is kept', () => {
  test('has no secret, code, token, password or personal hint in clear, wherever they were put', async () => {
    const { issuer } = server
    const grant = await obtainCode(issuer, newBrowser(issuer), { scope: 'openid offline_access' })
    const tokens = (await redeem(issuer, grant)).body
    await redeem(issuer, grant)
    const wrong = 'a-wrong-secret-that-is-somebodys-8c1d'
    const [access, refreshToken, idToken] = [tokens['access_token'], tokens['refresh_token'], tokens['id_token']].map(String)
    await ask(server, { grant_type: 'password', username: 'ada@ntu.example', password: 'ada has a password' })
    await ask(server, { grant_type: 'client_credentials' }, { authorization: basic('planner', wrong) })
    await ask(server, { grant_type: 'client_credentials', client_id: String(access), client_secret: wrong }, {})
    await refresh(issuer, refreshToken, { scope: 'openid email' })
    await get(issuer, '/userinfo', { authorization: `Bearer ${refreshToken}` })
    await get(issuer, `/userinfo?access_token=${access}`)
    await fetch(`${issuer}/oauth/authorization?${new URLSearchParams({ client_id: 'planner', redirect_uri: `https://x.example/?t=${access}`, login_hint: 'ada@ntu.example', id_token_hint: String(idToken), state: 'the-state-of-somebody' })}`)
    await fetch(`${issuer}/oauth/authorization?${new URLSearchParams({ client_id: 'planner', redirect_uri: `${new URL(CALLBACK).origin}/${access}`, scope: 'openid' })}`)
    await post(issuer, `/oauth/token?${String(access)}=1`, {}, { authorization: basic('planner') })
    await fetch(`${issuer}/${String(access)}`)
    const kept = await table()
    expect(kept.split('\n').length).toBeGreaterThan(8)
    for (const secret of [SECRET, wrong, grant.code, grant.pkce.verifier, access, refreshToken, idToken, 'ada has a password', 'ada@ntu.example', 'the-state-of-somebody']) expect(kept.includes(String(secret)), String(secret).slice(0, 12)).toBe(false)
    // Nor the halves that stand behind a token's prefix.
    expect(kept).not.toMatch(/ptr_(at|rt|ac)_/)
    expect(kept).not.toContain(Buffer.from(`planner:${wrong}`).toString('base64'))
  })

  test('is a keyed hash: equal values are equal, and knowing a value is not enough to find it', async () => {
    const send = async (secret: string): Promise<string | undefined> => pair(await diagnosisOf(server, referenceOf(await ask(server, {}, { authorization: basic('planner', secret) })), OPERATOR), 'client_secret')[0]
    const [one, again, other] = [await send('one'), await send('one'), await send('other')]
    expect(one).toMatch(/^hmac:[0-9a-f]{16}$/)
    expect([again === one, other === one]).toEqual([true, false])
    const { createHash } = await import('node:crypto')
    const digest = createHash('sha256').update('one').digest()
    for (const plain of [digest.toString('hex'), createHash('sha256').update(digest).digest('hex')]) expect(plain.startsWith(one?.slice(5) ?? '-')).toBe(false)
  })
})

describe('what no database keeps', () => {
  const header = (said: object): string => Buffer.from(JSON.stringify(said)).toString('base64url')

  test.each([
    ['in the name of a client', { authorization: `Basic ${Buffer.from('x\0y:z').toString('base64')}` }, {}],
    ['in the header of a proof', { authorization: basic('planner'), dpop: `${header({ alg: 'x\0', typ: '\ud800', jwk: {} })}.${header({ htm: 'POST' })}.x` }, {}],
    ['in half, where a value is cut', { authorization: basic('planner') }, { grant_type: `${'x'.repeat(499)}😀` }],
  ])('takes nothing else along: %s', async (_where, headers, parameters) => {
    const [before, odd, after] = [await ask(server, {}), await ask(server, parameters, headers), await ask(server, {})]
    for (const answer of [before, after, odd]) expect((await diagnosisOf(server, referenceOf(answer), OPERATOR)).error).toBe(answer.body['error'])
  })
})

describe('how much is kept', () => {
  test('of one client the newest five hundred', async () => {
    const { diagnosis } = recorder()
    const references: string[] = []
    for (let round = 0; round < 13; round++) {
      for (let i = 0; i < 50; i++) {
        const one = refusal('known-1')
        references.push(one.reference)
        diagnosis.record(one)
      }
      await diagnosis.flush()
    }
    expect(await count('client/known-1')).toBe(500)
    const { rows } = await sql<{ reference: string }>`select reference from traces where ring = 'client/known-1'`.execute(server.ctx.db)
    expect(new Set(rows.map(({ reference }) => reference))).toEqual(new Set(references.slice(-500)))
    await diagnosis.close()
  })

  test('a flood of made-up clients shares one ring, and takes nothing from anybody', async () => {
    const { diagnosis } = recorder()
    diagnosis.record(refusal('known-2'))
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 400; i++) diagnosis.record(refusal(`made-up-${round}-${i}`))
      await diagnosis.flush()
    }
    expect(await count('strangers')).toBeLessThanOrEqual(500)
    expect(await count('client/known-2')).toBe(1)
    await diagnosis.close()
  })

  test('a flood of one client is sampled, and the buffer has an end', async () => {
    const { diagnosis, dropped } = recorder()
    for (let i = 0; i < 5000; i++) diagnosis.record(refusal('known-3'))
    expect(await dropped()).toEqual({ sampled: 4950 })
    for (let i = 0; i < 3000; i++) diagnosis.record(refusal(`known-4-${i}`))
    expect(await dropped()).toEqual({ sampled: 4950, full: 2050 })
    await diagnosis.close()
    expect(await count('client/known-3')).toBe(50)
  })

  test('of preflights with made-up origins, one ring of nobody\'s, and a look for their clients only now and then', async () => {
    const preflight = (origin: string): Promise<Response> => fetch(`${server.issuer}/oauth/token`, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } })
    for (let round = 0; round < 3; round++) {
      await Promise.all(Array.from({ length: 40 }, (_, i) => preflight(`https://made-up-${round}-${i}.example`)))
      await server.ctx.diagnosis.flush()
    }
    const { rows } = await sql<{ ring: string; looked: boolean }>`select ring, document->'hints' @> '[{"name": "none_registered"}]' as looked from traces where cause = 'cors.origin'`.execute(server.ctx.db)
    expect([rows.length, new Set(rows.map(({ ring }) => ring))]).toEqual([120, new Set(['nobody'])])
    const looked = rows.filter((row) => row.looked).length
    // Twenty at once, and four more each second.
    expect([looked >= 20, looked < 80]).toEqual([true, true])
  })

  test('nothing of what is part of every day', async () => {
    const { diagnosis } = recorder()
    diagnosis.record({ ...refusal('known-5'), trace: { cause: 'device.pending' } })
    await diagnosis.close()
    expect(await count('client/known-5')).toBe(0)
  })

  test('for a week, and then the job deletes it', async () => {
    const reference = referenceOf(await ask(server, {}, { authorization: basic('planner', 'x') }))
    await diagnosisOf(server, reference, OPERATOR)
    await server.advance(6 * 86_400)
    await deleteExpiredJob.run(server.ctx, () => false)
    await diagnosisOf(server, reference, OPERATOR)
    await server.advance(86_500)
    await deleteExpiredJob.run(server.ctx, () => false)
    expect(await table()).not.toContain(reference)
  })
})
