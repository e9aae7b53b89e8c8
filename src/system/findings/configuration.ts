import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Config } from '../../config.ts'
import { type ConfigCheck, fail, type Finding, ok, warn } from './check.ts'
import { nodeWarning } from './node-warning.ts'

// What can be told without asking anybody.

function issuer(config: Config): readonly Finding[] {
  const url = new URL(config.issuer)
  if (url.protocol === 'http:' && !config.loopback) return [fail('issuer', `${config.issuer} is http on a public name: tokens and passwords travel readable`, 'put TLS in front and set PORTNER_ISSUER to https')]
  if (url.hostname === '127.0.0.1' || url.hostname === '[::1]') return [warn('issuer', `${config.issuer}: browsers that open http://localhost:${url.port} are another site with other cookies`, 'use http://localhost in PORTNER_ISSUER and everywhere, or the address everywhere')]
  if (url.hostname === 'localhost' && Number(url.port || 80) !== config.port) return [warn('issuer', `${config.issuer} names another port than PORT ${config.port}`, 'set PORT or PORTNER_ISSUER so that they agree, unless a proxy stands between')]
  return [ok('issuer', config.issuer)]
}

function proxy(config: Config): readonly Finding[] {
  if (!config.issuer.startsWith('https:')) return []
  if (config.trustProxy.length > 0) return [ok('proxy', `X-Forwarded-* counts from ${config.trustProxy.join(', ')}`)]
  return [warn('proxy', 'The issuer is https, so a proxy ends TLS, but no proxy is trusted: every person seems to come from its address', 'set PORTNER_TRUST_PROXY to the addresses of the proxy')]
}

function testSwitches(config: Config): readonly Finding[] {
  const on = [config.testClock ? 'PORTNER_TEST_CLOCK' : undefined, config.testFetch ? 'PORTNER_TEST_FETCH' : undefined].flatMap((name) => name ?? [])
  return on.map((name) => warn('test switches', `${name} is on`, `unset ${name} unless this is a test`))
}

function database(config: Config): readonly Finding[] {
  return config.databaseUrl === undefined ? [warn('database', 'DATABASE_URL is not set: an embedded PostgreSQL is used, for evaluation and single machines', 'set DATABASE_URL to a PostgreSQL 15 or newer')] : []
}

function mail(config: Config): readonly Finding[] {
  if (config.mailUrl === undefined) return [warn('mail', 'PORTNER_MAIL_URL is not set: nobody can set a new password, sign up or get a code by mail', 'set PORTNER_MAIL_URL and PORTNER_MAIL_FROM')]
  const { protocol, host } = new URL(config.mailUrl)
  return [ok('mail', `${protocol}//${host}, from ${config.mailFrom ?? ''}`)]
}

function dataDirectory(config: Config): readonly Finding[] {
  if (config.databaseUrl !== undefined && config.secretKeys.length > 0) return []
  const path = resolve(config.dataDir)
  try {
    const found = statSync(path)
    if (!found.isDirectory()) return [fail('data directory', `${path} is not a directory`, 'set PORTNER_DATA_DIR to another')]
    if ((found.mode & 0o066) !== 0) return [fail('data directory', `${path} can be read by others (mode ${(found.mode & 0o777).toString(8)})`, `chmod go-rw ${path}`)]
    return [ok('data directory', path)]
  } catch {
    return [warn('data directory', `${path} does not exist yet`, 'the first start makes it')]
  }
}

function node(): readonly Finding[] {
  const warning = nodeWarning(process.versions.node, new Date())
  return [warning === undefined ? ok('node', `Node ${process.versions.node}`) : warn('node', warning, 'install Node 24')]
}

export const configurationChecks: readonly ConfigCheck[] = [node, issuer, proxy, testSwitches, mail, dataDirectory, database]
