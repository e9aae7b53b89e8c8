import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { offered } from '../../src/endpoints/offered.ts'
import { exportDocuments, exportYaml } from '../../src/declarations/export.ts'
import { open, type Opened, SECRET } from './open.ts'

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/)
const text = fc.oneof(fc.constantFrom('no', 'yes', '1', '1e3', '0x10', '~', 'null', '- a', '# b', 'a: b', 'x\ny', 'Åbo «högskola»', '2001-01-01', '=', '*x', '&y', '!z', "it's", '"q"', '00316'), fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme' })).filter((value) => value.trim() !== '' && !value.includes('\0'))
const localized = fc.oneof(text, fc.dictionary(fc.constantFrom('en', 'nb', 'nn', 'fi', 'sv', 'no'), text, { minKeys: 1 }))
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

const organizations = fc.uniqueArray(
  fc.record({ kind: fc.constant('organization'), organization_id: word, name: localized, realms: maybe(fc.uniqueArray(word.map((name) => `${name}.example`), { maxLength: 3 })), country: maybe(fc.constantFrom('no', 'fi', 'se')) }),
  { minLength: 1, maxLength: 3, selector: (one) => one.organization_id },
)

function documentsOf(ids: readonly string[]) {
  const organization = maybe(fc.constantFrom(...ids))
  const providers = fc.uniqueArray(fc.record({ kind: fc.constant('provider'), provider_id: word, protocol: fc.constant('local'), name: localized, organization, keywords: maybe(fc.array(text, { maxLength: 3 })), disabled: maybe(fc.boolean()) }), { maxLength: 3, selector: (one) => one.provider_id })
  const clients = fc.uniqueArray(
    fc.record({
      kind: fc.constant('client'),
      client_id: word,
      client_name: maybe(localized),
      redirect_uris: fc.uniqueArray(word.map((path) => `https://app.example/${path}`), { minLength: 1, maxLength: 3 }),
      application_type: maybe(fc.constantFrom('web', 'spa', 'native')),
      grant_types: maybe(fc.constantFrom(['authorization_code'], ['authorization_code', 'refresh_token'])),
      scope: fc.constantFrom('openid', 'openid profile email', 'openid groups'),
      organization,
      status: maybe(fc.constantFrom('development', 'production', 'disabled')),
      consent: maybe(fc.constantFrom('ask', 'implied')),
      id_token_signed_response_alg: maybe(fc.constantFrom('RS256', 'ES256', 'EdDSA')),
      default_max_age: maybe(fc.nat(1000)),
    }),
    { maxLength: 4, selector: (one) => one.client_id },
  )
  const users = fc.uniqueArray(
    fc.record({ kind: fc.constant('user'), username: word, organization, status: maybe(fc.constantFrom('active', 'locked')), claims: maybe(fc.record({ name: maybe(text), email_verified: maybe(fc.boolean()), address: maybe(fc.record({ locality: maybe(text) })) })), groups: maybe(fc.array(text, { maxLength: 3 })) }),
    { maxLength: 4, selector: (one) => `${one.organization ?? ''}/${one.username}` },
  )
  const scopes = fc.uniqueArray(fc.record({ kind: fc.constant('scope'), scope: word.map((name) => `x.${name}`), title: localized, description: maybe(localized), consent: maybe(fc.record({ single_use: fc.boolean(), max_days: maybe(fc.integer({ min: 1, max: 3650 })) })) }), { maxLength: 3, selector: (one) => one.scope })
  const apis = fc.uniqueArray(
    fc.record({ kind: fc.constant('api'), api_id: word.map((name) => `api${name}`), name: localized, organization, access_token_format: maybe(fc.constantFrom('opaque', 'jwt')), scopes: maybe(fc.dictionary(word, fc.record({ title: localized, approval: maybe(fc.constantFrom('auto', 'owner')) }), { maxKeys: 3 })) }),
    { maxLength: 3, selector: (one) => one.api_id },
  )
  return fc.tuple(providers, clients, users, scopes, apis).map((lists) => lists.flat())
}

const everything = organizations.chain((list) => documentsOf(list.map((one) => one.organization_id)).map((rest) => [...list, ...rest]))

let first: Opened
let second: Opened
beforeAll(async () => {
  ;[first, second] = await Promise.all([open(), open()])
})
afterAll(async () => {
  await first.close()
  await second.close()
})

describe('export', () => {
  test('applied to an empty database gives the same export, and the same database shows no difference', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(everything, async (documents) => {
        await first.apply(documents.map((document) => stringify(document, { keepUndefined: false })).join('---\n'), { prune: true })
        const exported = await exportYaml(first.ctx, offered)
        expect((await first.diff(exported, { prune: true })).changes).toEqual([])
        await second.apply('', { prune: true })
        await second.apply(exported)
        expect(await exportYaml(second.ctx, offered)).toBe(exported)
      }),
      { numRuns: 20 },
    )
  })

  test('leaves defaults out, keeps what says something, and no secret', async () => {
    await first.apply('', { prune: true })
    await first.apply(`kind: client\nclient_id: c\nclient_secret: { value: ${SECRET} }\nredirect_uris: [https://c.example/cb]\nscope: openid email\nstatus: production\n---\nkind: user\nusername: bob\npassword: { value: not for export }\n---\nkind: client\nclient_id: p\napplication_type: spa\nredirect_uris: [https://p.example/cb]\n`)
    const yaml = await exportYaml(first.ctx, offered)
    expect(yaml).toBe(
      'kind: client\nclient_id: c\nredirect_uris:\n  - https://c.example/cb\nscope: openid email\n# client_secret is never exported: add it, or run: portner client rotate-secret c\n' +
        '---\nkind: client\nclient_id: p\napplication_type: spa\nredirect_uris:\n  - https://p.example/cb\n' +
        '---\nkind: user\nusername: bob\n# password is never exported: add it, or run: portner user set-password bob\n',
    )
    expect(await exportDocuments(first.ctx, offered, 'user')).toEqual([{ kind: 'user', username: 'bob' }])
  })
})
