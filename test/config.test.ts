import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigError, readConfig } from '../src/config.ts'
import { newCertificate } from './support/client-certificates.ts'

type Environment = Record<string, string>

function faults(env: Environment, demo = false): readonly string[] {
  try {
    readConfig(env, { demo })
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
}

const KEY = 'k'.repeat(32)
const file = (text: string): string => {
  const path = join(mkdtempSync(join(tmpdir(), 'portner-config-')), 'value')
  writeFileSync(path, text)
  return path
}

describe('the environment', () => {
  test('nothing set is a server for this machine', () => {
    expect(readConfig({}, { demo: false })).toMatchObject({ port: 3000, issuer: 'http://localhost:3000', loopback: true, workers: 1, trustProxy: [] })
    expect(readConfig({ PORT: '8080' }, { demo: false }).issuer).toBe('http://localhost:8080')
  })

  test('every fault is told at once, by name', () => {
    const told = faults({ PORT: 'many', PORTNER_ISSUER: 'http://login.example.org', PORTNER_SECRET_KEY: 'short', DATABASE_URL: 'mysql://x', PORTNER_TRUST_PROXY: 'everybody', PORTNER_WORKER: '2' })
    for (const name of ['PORT:', 'PORTNER_ISSUER:', 'PORTNER_SECRET_KEY:', 'DATABASE_URL:', 'PORTNER_TRUST_PROXY:', 'PORTNER_WORKER:']) expect(told.some((line) => line.startsWith(name)), name).toBe(true)
    expect(told.find((line) => line.startsWith('PORTNER_WORKER:'))).toContain('PORTNER_WORKERS')
    expect(told.join('\n')).not.toContain('short,')
  })

  test('every variable may come from a file, without its last line end; twice is refused, so is a missing file', () => {
    expect(readConfig({ PORTNER_SECRET_KEY_FILE: file(`${KEY}\n`) }, { demo: false }).secretKeys).toEqual([KEY])
    expect(faults({ PORTNER_SECRET_KEY: KEY, PORTNER_SECRET_KEY_FILE: file(KEY) })).toEqual([expect.stringContaining('given twice')])
    expect(faults({ DATABASE_URL_FILE: '/nowhere/at/all' })).toEqual([expect.stringContaining('/nowhere/at/all')])
  })

  test.each<[string, Environment, boolean]>([
    ['an issuer without https', { PORTNER_ISSUER: 'http://login.example.org', PORTNER_SECRET_KEY: KEY }, false],
    ['an issuer with a slash at its end', { PORTNER_ISSUER: 'https://login.example.org/', PORTNER_SECRET_KEY: KEY }, false],
    ['an issuer with a query', { PORTNER_ISSUER: 'https://login.example.org?x', PORTNER_SECRET_KEY: KEY }, false],
    ['production without a secret key', { PORTNER_ISSUER: 'https://login.example.org' }, false],
    ['the demo on a public name', { PORTNER_ISSUER: 'https://login.example.org', PORTNER_SECRET_KEY: KEY }, true],
    ['a movable clock in production', { PORTNER_ISSUER: 'https://login.example.org', PORTNER_SECRET_KEY: KEY, PORTNER_TEST_CLOCK: '1' }, false],
    ['an open fetcher in production', { PORTNER_ISSUER: 'https://login.example.org', PORTNER_SECRET_KEY: KEY, PORTNER_TEST_FETCH: '1' }, false],
  ])('refuses %s', (_, env, demo) => {
    expect(faults(env, demo)).not.toEqual([])
  })

  test('takes a production issuer, and test switches where the issuer ends in .test', () => {
    expect(readConfig({ PORTNER_ISSUER: 'https://login.example.org', PORTNER_SECRET_KEY: KEY }, { demo: false })).toMatchObject({ loopback: false, issuer: 'https://login.example.org' })
    expect(readConfig({ PORTNER_ISSUER: 'https://portner.test', PORTNER_SECRET_KEY: KEY, PORTNER_TEST_CLOCK: '1', PORTNER_TEST_FETCH: '1' }, { demo: false })).toMatchObject({ testClock: true, testFetch: true })
  })

  describe('certificates of clients', () => {
    const [own, other] = [newCertificate(), newCertificate()]
    const TLS = { PORTNER_MTLS_PORT: '3443', PORTNER_TLS_CERT: own.pem, PORTNER_TLS_KEY: own.keyPem }

    test.each<[string, Environment, string]>([
      ['a port without a certificate', { PORTNER_MTLS_PORT: '3443' }, 'PORTNER_MTLS_PORT: needs'],
      ['the port that people use', { ...TLS, PORTNER_MTLS_PORT: '3000' }, 'PORTNER_MTLS_PORT: must be another'],
      ["another certificate's key", { ...TLS, PORTNER_TLS_KEY: other.keyPem }, 'PORTNER_TLS_KEY: is not the key'],
      ['a certificate that is none', { ...TLS, PORTNER_TLS_CERT: 'certificate' }, 'PORTNER_TLS_CERT: must be'],
      ['a list with one that is broken', { ...TLS, PORTNER_CLIENT_CERTIFICATE_CA: `${own.pem}${other.pem.replace('MII', '???')}` }, 'PORTNER_CLIENT_CERTIFICATE_CA: must be'],
      ['a key that is a certificate', { ...TLS, PORTNER_TLS_KEY: own.pem }, 'PORTNER_TLS_KEY: must be'],
      ['a header from anybody', { PORTNER_CLIENT_CERTIFICATE_HEADER: 'client-cert' }, 'PORTNER_CLIENT_CERTIFICATE_HEADER: needs PORTNER_TRUST_PROXY'],
      ['authorities and no door', { PORTNER_CLIENT_CERTIFICATE_CA: own.pem }, 'need PORTNER_MTLS_PORT'],
      ['a public address without https', { ...TLS, PORTNER_MTLS_URL: 'http://mtls.example.org' }, 'PORTNER_MTLS_URL: must be https'],
    ])('refuses %s', (_, env, fault) => {
      const told = faults(env)
      expect(told.join('\n')).toContain(fault)
      expect(told.join('\n')).not.toContain('PRIVATE KEY')
    })

    test('the address of the port is the name of the issuer, unless another is said, or it is the issuer', () => {
      expect(readConfig(TLS, { demo: false }).mtlsUrl).toBe('https://localhost:3443')
      expect(readConfig({ ...TLS, PORTNER_MTLS_URL: 'https://mtls.example.org' }, { demo: false }).mtlsUrl).toBe('https://mtls.example.org')
      const issuer = { PORTNER_ISSUER: 'https://login.example.org', PORTNER_SECRET_KEY: KEY }
      expect(readConfig({ ...issuer, ...TLS, PORTNER_MTLS_PORT: '443' }, { demo: false }).mtlsUrl).toBeUndefined()
      expect(readConfig({ PORTNER_TRUST_PROXY: '10.0.0.0/8', PORTNER_CLIENT_CERTIFICATE_HEADER: 'Client-Cert' }, { demo: false })).toMatchObject({ clientCertificateHeader: 'client-cert', mtlsUrl: undefined })
    })
  })
})
