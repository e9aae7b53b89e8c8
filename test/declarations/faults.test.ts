import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exportDocuments } from '../../src/declarations/export.ts'
import { offered } from '../../src/endpoints/offered.ts'
import { open, type Opened, SECRET } from './open.ts'

let opened: Opened
beforeAll(async () => {
  opened = await open()
})
afterAll(() => opened.close())

const BROKEN = `kind: client
client_id: a b
client_name: { EN: x }
client_secret: { value: short }
redirect_uris: [ftp://x/, https://ok.example/cb]
grant_types: [authorization_code, by_magic]
redirect_urls: [x]
profile: fapi2
compatibility: [no_pkce]
---
kind: clint
---
kind: user
username: eva
organization: nowhere
password: plain
claims: { email: notmail, email_verified: "yes" }
---
- just a list
---
kind: organization
name: 3
country: 'no'
---
kind: provider
provider_id: p
protocol: local
name: P
organization: p-org
`

describe('everything that is wrong is told at once, at its place', () => {
  test('across documents, and nothing is applied', async () => {
    const faults = await opened.faults(BROKEN)
    const starts = ['1:1: token_endpoint_auth_method client_secret_basic goes not with', '2:12: client_id', '3:16: client_name.EN', '4:16: client_secret is too short', '5:17: redirect_uris[0]', '6:35: grant_types[1]', '7:1: redirect_urls is not a member here; did you mean redirect_uris?', '9:16: compatibility']
    const rest = ['11:7: kind must be one of', '16:11: password must be one of', '17:18: claims.email must be an e-mail address', '17:43: claims.email_verified must be true or false', '19:1: a document must be a map', '21:1: organization_id is missing', '22:7: name must be a text or a map', '29:15: organization: there is no organization p-org']
    const expected = [...starts, ...rest].map((start) => `f.yaml:${start}`)
    expect(faults.map((fault, i) => fault.slice(0, expected[i]?.length))).toEqual(expected)
    expect(await exportDocuments(opened.ctx, offered)).toEqual([])
  })

  test.each([
    ['a key twice', 'kind: user\nusername: bob\nusername: eve\n', 'f.yaml:3:1: Map keys must be unique'],
    ['what is no YAML', 'kind: [client\n', 'f.yaml:2:1: '],
    ['a tag of somebody else', 'kind: user\nusername: !!js/function "x"\n', 'f.yaml:2:11: Unresolved tag'],
    ['a thing twice', 'kind: user\nusername: bob\n---\nkind: user\nusername: BOB\n', 'f.yaml:4:1: user bob is declared twice; the first is at f.yaml:1'],
    ['one audience for two', 'kind: api\napi_id: one\nname: One\naudience: https://a.example\n---\nkind: api\napi_id: two\nname: Two\naudience: https://a.example\n', 'f.yaml:9:11: api one already has the audience https://a.example'],
    ['a scope of our own', 'kind: scope\nscope: openid\ntitle: Mine\n', 'f.yaml:2:8: scope is a scope that this server defines itself'],
    ['an unknown provider', `kind: client\nclient_id: c\napplication_type: service\nlogin_providers: [all, ntu]\nclient_secret: { value: ${SECRET} }\n`, 'f.yaml:4:24: login_providers[1]: there is no provider ntu'],
    ['a client without a name of any kind', 'kind: client\napplication_type: service\n', 'f.yaml:1:1: client_id is missing'],
    ['a short secret, the demo\'s too', 'kind: client\nclient_id: c\napplication_type: service\nclient_secret: { value: demo-secret }\n', 'f.yaml:4:16: client_secret is too short'],
    ['a secret that repeats itself', 'kind: client\nclient_id: c\napplication_type: service\nclient_secret: { value: abcdefghabcdefghabcdefgh }\n', 'f.yaml:4:16: client_secret repeats itself'],
    ['two secrets', `kind: client\nclient_id: c\napplication_type: service\nclient_secret: { value: ${SECRET}, generate: true }\n`, 'f.yaml:4:16: client_secret must be exactly one of'],
    ['a secret that the environment lacks', 'kind: client\nclient_id: c\napplication_type: service\nclient_secret: { from_env: NOT_THERE }\n', 'f.yaml:4:16: client_secret from_env: the environment has no NOT_THERE'],
    ['a secret file that is not there', 'kind: client\nclient_id: c\napplication_type: service\nclient_secret: { from_file: none }\n', 'f.yaml:4:16: client_secret from_file cannot be read: none'],
    ['a password hash of another kind', 'kind: user\nusername: bob\npassword: { hash: $2y$10$abcdefghijklmnopqrstuv }\n', 'f.yaml:3:11: password hash must be one of: argon2'],
  ])('%s', async (_, yaml, expected) => {
    const faults = await opened.faults(yaml)
    expect(faults).toHaveLength(1)
    expect(faults[0]?.slice(0, expected.length)).toBe(expected)
  })

  test('what a faulty document would have declared is no second fault', async () => {
    const faults = await opened.faults('kind: organization\norganization_id: ntu\n---\nkind: user\nusername: ada\norganization: ntu\n')
    expect(faults).toEqual(['f.yaml:1:1: name is missing'])
  })

  test('aliases that multiply are refused', async () => {
    const levels = Array.from({ length: 9 }, (_, i) => `l${i}: &l${i} [${i === 0 ? 'x, x, x' : Array.from({ length: 9 }, () => `*l${i - 1}`).join(', ')}]`)
    const faults = await opened.faults(`kind: user\nusername: bob\n${levels.join('\n')}\n`)
    expect(faults).toEqual(['f.yaml:1:1: Excessive alias count indicates a resource exhaustion attack'])
  })

  test('an alias points where it is written', async () => {
    const faults = await opened.faults('kind: organization\norganization_id: &x ntu\nname: Ntu\n---\nkind: provider\nprovider_id: p\nprotocol: local\nname: &n P\nlogin_hint: *n\ncountry: *n\n')
    expect(faults).toEqual(['f.yaml:10:10: country must be a two-letter country code in lower case'])
  })
})
