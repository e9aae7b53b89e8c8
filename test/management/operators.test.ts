import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DEMO_APP_KEY } from '../../src/demo/demo-factor.ts'
import { fromBase32 } from '../../src/lib/totp.ts'
import { listOperators } from '../../src/organizations/operators.ts'
import { saveTotpSecret } from '../../src/users/totp-secrets.ts'
import { type Answered, openStage, personalToken, type Program, type Stage } from './stage.ts'

// What only those who run the server do, asked of the management API by people and by programs.

let stage: Stage
let ada: Program
let kai: Program
let manager: Program

beforeAll(async () => {
  stage = await openStage()
  ada = stage.as(await personalToken(stage, 'ada'))
  kai = stage.as(await personalToken(stage, 'kai'))
  manager = await stage.program('manager')
})
afterAll(() => stage.close())

function errorOf({ status, body }: Answered): readonly unknown[] {
  return [status, (body as { error?: string } | undefined)?.error]
}

const PATH = '/api/operators'
const tagOf = async (path: string): Promise<Record<string, string>> => ({ 'if-match': (await manager.call('GET', path)).headers.get('etag') ?? '' })

describe('operators', () => {
  test('make others operators; to everybody else there are none', async () => {
    const { kai: kaisId, ada: adasId } = stage.userIds
    expect(errorOf(await kai.call('GET', PATH))).toEqual([403, 'access_denied'])
    expect(errorOf(await kai.call('GET', `${PATH}/${adasId}`))).toEqual([404, 'not_found'])
    expect(errorOf(await kai.call('POST', PATH, { body: { user_id: kaisId } }))).toEqual([403, 'access_denied'])
    expect(errorOf(await kai.call('DELETE', `${PATH}/${adasId}`, { headers: await tagOf(`${PATH}/${adasId}`) }))).toEqual([404, 'not_found'])
    expect((await ada.call('POST', PATH, { body: { user_id: kaisId } })).status).toBe(201)
    expect(errorOf(await ada.call('POST', PATH, { body: { user_id: kaisId } }))).toEqual([409, 'already_exists'])
    expect(((await kai.call('GET', PATH)).body as { items: readonly { user_id: string }[] }).items.map(({ user_id }) => user_id)).toEqual([adasId, kaisId].toSorted())
    await stage.server.ctx.audit.flush()
    expect((await kai.call('GET', `/api/audit?event=operator.changed`)).body).toMatchObject({ items: [{ actor: adasId, user_id: kaisId, details: { change: 'add by api' } }] })
  })

  test('are never without one: of two who take it from each other, one does', async () => {
    const { kai: kaisId, ada: adasId } = stage.userIds
    const [ofKai, ofAda] = [await tagOf(`${PATH}/${kaisId}`), await tagOf(`${PATH}/${adasId}`)]
    const all = await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? manager.call('DELETE', `${PATH}/${kaisId}`, { headers: ofKai }) : manager.call('DELETE', `${PATH}/${adasId}`, { headers: ofAda }))))
    expect(all.filter(({ status }) => status === 204)).toHaveLength(1)
    const left = await listOperators(stage.server.ctx.db)
    expect(left).toHaveLength(1)
    const last = `${PATH}/${left[0]?.userId}`
    expect(errorOf(await manager.call('DELETE', last, { headers: await tagOf(last) }))).toEqual([409, 'in_use'])
    for (const userId of [adasId, kaisId]) await manager.call('POST', PATH, { body: { user_id: userId } })
  })

  test('prove their second factor before they hand out power, and have signed in of late', async () => {
    const { ctx } = stage.server
    await saveTotpSecret(ctx, ctx.db, stage.userIds.ada, fromBase32(DEMO_APP_KEY) ?? Buffer.alloc(0), 0)
    const weak = await ada.call('POST', PATH, { body: { user_id: stage.userIds.lin } })
    expect([...errorOf(weak), weak.headers.get('www-authenticate')]).toEqual([401, 'insufficient_user_authentication', expect.stringContaining('acr_values="urn:portner:acr:two-factors"')])
    expect((await ada.call('GET', PATH)).status).toBe(200)
    await stage.server.advance(700)
    const old = await kai.call('POST', PATH, { body: { user_id: stage.userIds.lin } })
    expect([...errorOf(old), old.headers.get('www-authenticate')]).toEqual([401, 'insufficient_user_authentication', expect.stringMatching(/^(?!.*acr_values).*max_age="600"/)])
  })
})

test('of two who publish new SAML keys at once one makes them, and both are told which', async () => {
  const fresh = await stage.program('manager')
  const [one, two] = await Promise.all([fresh.call('POST', '/api/keys/rotate-saml'), fresh.call('POST', '/api/keys/rotate-saml')])
  expect([one.status, two.status, two.body]).toEqual([200, 200, one.body])
  expect(one.body).toEqual({ published: [expect.any(String), expect.any(String)] })
  expect(errorOf(await (await stage.program('ntu-manager')).call('POST', '/api/keys/rotate-saml'))).toEqual([403, 'access_denied'])
})

test('a trusted issuer is made by operators alone, with everything that files may say of it', async () => {
  const document = { issuer: 'https://sts.ntu.example/o?x=1#y', accepts: ['software_statements'], jwks_uri: 'https://sts.ntu.example/jwks' }
  const [fresh, ntu] = await Promise.all([stage.program('manager'), stage.program('ntu-manager')])
  expect(errorOf(await ntu.call('POST', '/api/trusted-issuers', { body: document }))).toEqual([403, 'access_denied'])
  const made = await fresh.call('POST', '/api/trusted-issuers', { body: document })
  expect([made.status, (await fresh.call('GET', made.headers.get('location') ?? '')).body]).toEqual([201, document])
  expect((await fresh.call('POST', '/api/trusted-issuers', { body: { ...document, issuer: 'x', jwks: { keys: [] }, provider: 'nobody' } })).body).toMatchObject({ error: 'invalid_request' })
  expect(((await ntu.call('GET', '/api/trusted-issuers')).body as { items: readonly object[] }).items).toEqual([])
  expect(errorOf(await ntu.call('GET', made.headers.get('location') ?? ''))).toEqual([404, 'not_found'])
})

test('a type of authorization details is read by all and made by operators', async () => {
  const type = { type: 'payment', title: 'Payments', schema: { type: 'object', properties: { amount: { type: 'number' } } } }
  const [fresh, ntu] = await Promise.all([stage.program('manager'), stage.program('ntu-manager')])
  const path = '/api/authorization-details-types'
  expect(errorOf(await ntu.call('POST', path, { body: type }))).toEqual([403, 'access_denied'])
  expect((await fresh.call('POST', path, { body: type })).status).toBe(201)
  expect((await fresh.call('POST', path, { body: { ...type, type: 'odd', schema: { type: 'object', propertys: {} } } })).body).toMatchObject({ faults: [{ path: 'schema' }] })
  expect((await ntu.call('GET', `${path}/payment`)).body).toMatchObject({ type: 'payment' })
})
