import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { offered } from '../../src/endpoints/offered.ts'
import { DeclarationError } from '../../src/declarations/fault.ts'
import { exportYaml } from '../../src/declarations/export.ts'
import { startTestServer, type TestServer } from '../support/app.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

function yaml(members: Readonly<Record<string, string>>): string {
  const all: Readonly<Record<string, string>> = { kind: 'provider', provider_id: 'p', protocol: 'oidc', name: 'P', issuer: 'https://idp.example', client_id: 'c', ...members }
  return Object.entries(all).filter(([, value]) => value !== '').map(([name, value]) => `${name}: ${value}`).join('\n')
}

describe('a provider that is declared wrongly says what is wrong', () => {
  test.each<readonly [string, Readonly<Record<string, string>>, string]>([
    ['an unknown protocol', { protocol: 'soap' }, 'protocol must be one of: local, oidc'],
    ['no protocol', { protocol: '' }, 'protocol is missing'],
    ['no issuer', { issuer: '' }, 'issuer is missing'],
    ['an issuer that is not encrypted', { issuer: 'http://idp.example' }, 'issuer must be an https URL'],
    ['an issuer with a query', { issuer: 'https://idp.example/?x=1' }, 'issuer must have no query, fragment or user name'],
    ['a scope without openid', { scope: 'profile' }, 'scope must contain openid'],
    ['a claim that is none of ours', { claims_mapping: '{ upn: sub }' }, 'claims_mapping.upn must be one of: name'],
    ['members of another protocol', { protocol: 'local' }, 'issuer is not a member here'],
    ['a secret of a protocol without', { protocol: 'local', issuer: '', client_id: '', client_secret: '{ value: x }' }, 'client_secret is not a member of a provider with this protocol'],
    ['a secret that is only a hash', { client_secret: `{ hash: 'sha256:00' }` }, 'client_secret is the one that the provider gave us'],
    ['a secret that is drawn', { client_secret: '{ generate: true }' }, 'client_secret is the one that the provider gave us'],
  ])('%s', async (_name, members, expected) => {
    const error: unknown = await server.apply(yaml(members)).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(DeclarationError)
    const messages = error instanceof DeclarationError ? error.faults.map(({ message }) => message) : []
    expect(messages.some((message) => message.startsWith(expected)), messages.join('\n')).toBe(true)
    expect(messages.join('\n')).not.toContain('did you mean issuer')
  })
})

test('an export has everything but the secret, and reads back', async () => {
  await server.apply(yaml({ provider_id: 'exported', client_secret: '{ value: never shown }', claims_mapping: '{ upn: email }' }))
  const text = await exportYaml(server.ctx, offered, 'provider')
  expect(text).not.toContain('never shown')
  const own = text.split('---\n').find((part) => part.includes('exported')) ?? ''
  expect(own).toContain('issuer: https://idp.example')
  expect(own).toContain('# client_secret is never exported: add it')
  await server.apply(own)
  expect(await exportYaml(server.ctx, offered, 'provider')).toBe(text)
})
