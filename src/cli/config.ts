import type { Command as Commander } from 'commander'
import { type Config, describeVariables, readConfig, type VariableName } from '../config.ts'
import { canParseUrl } from '../lib/can-parse-url.ts'
import { type Command, withExamples, withOutputOptions } from './command.ts'
import { readCertificates, subjectLine } from '../lib/certificate.ts'
import type { Io } from './io.ts'
import { type OutputOptions, print, table } from './output.ts'
import { status } from './status.ts'

const shown: Readonly<Record<VariableName, (config: Config) => string | number | boolean | undefined>> = {
  PORT: (config) => config.port,
  HOST: (config) => config.host,
  DATABASE_URL: (config) => (config.databaseUrl === undefined ? undefined : withoutPassword(config.databaseUrl)),
  LOG_LEVEL: (config) => config.logLevel,
  PORTNER_ISSUER: (config) => config.issuer,
  PORTNER_SECRET_KEY: (config) => (config.secretKeys.length === 0 ? undefined : `(${config.secretKeys.length} set, not shown)`),
  PORTNER_CONFIG: (config) => config.configFiles.join(','),
  PORTNER_DATA_DIR: (config) => config.dataDir,
  PORTNER_TRUST_PROXY: (config) => config.trustProxy.join(','),
  PORTNER_COUNTRY_HEADER: (config) => config.countryHeader,
  PORTNER_PLACE_HEADER: (config) => config.placeHeader,
  PORTNER_MTLS_PORT: (config) => config.mtlsPort,
  PORTNER_TLS_CERT: (config) => subjectsIn(config.tlsCertificate),
  PORTNER_TLS_KEY: (config) => (config.tlsKey === undefined ? undefined : '(set, not shown)'),
  PORTNER_MTLS_URL: (config) => config.mtlsUrl,
  PORTNER_CLIENT_CERTIFICATE_HEADER: (config) => config.clientCertificateHeader,
  PORTNER_CLIENT_CERTIFICATE_CA: (config) => subjectsIn(config.clientCertificateAuthorities),
  PORTNER_WORKERS: (config) => config.workers,
  PORTNER_METRICS_PORT: (config) => config.metricsPort,
  PORTNER_SERVICE_NAME: (config) => config.serviceName,
  PORTNER_SUPPORT_URL: (config) => config.supportUrl,
  PORTNER_PRIVACY_URL: (config) => config.privacyUrl,
  PORTNER_ACCESSIBILITY_URL: (config) => config.accessibilityUrl,
  PORTNER_MAIL_URL: (config) => (config.mailUrl === undefined ? undefined : withoutPassword(config.mailUrl)),
  PORTNER_MAIL_FROM: (config) => config.mailFrom,
  PORTNER_REGISTRATION: (config) => config.registration,
  PORTNER_REGISTRATION_PROFILE: (config) => config.registrationProfile,
  PORTNER_FETCH_REQUEST_URIS: (config) => config.fetchRequestUris,
  PORTNER_CLIENT_ID_METADATA_DOCUMENTS: (config) => (typeof config.clientDocuments === 'string' ? config.clientDocuments : config.clientDocuments.join(',')),
  PORTNER_PATH_ALIASES: (config) => [...config.pathAliases].map(([alias, path]) => `${alias}=${path}`).join(','),
  PORTNER_CONSENT_EVENT_DAYS: (config) => config.consentEventDays,
  PORTNER_AUDIT_DAYS: (config) => config.auditDays,
  PORTNER_GATEKEEPER_DOMAIN: (config) => config.gatekeeperDomain,
  PORTNER_GATEKEEPER_HEADER_PREFIX: (config) => config.gatekeeperHeaderPrefix,
  PORTNER_GATEKEEPER_HOSTS: (config) => config.gatekeeperHosts.join(','),
  PORTNER_DB_POOL: (config) => config.databasePool,
  PORTNER_DB_PREPARE: (config) => config.prepareStatements,
  PORTNER_DB_BATCH: (config) => config.batchStatements,
  PORTNER_TEST_FETCH: (config) => config.testFetch,
  PORTNER_TEST_CLOCK: (config) => config.testClock,
}

function isShown(name: string): name is VariableName {
  return Object.hasOwn(shown, name)
}

/** Whose certificates a PEM text has. */
function subjectsIn(pem: string | undefined): string | undefined {
  return pem === undefined ? undefined : readCertificates(pem)?.map(subjectLine).join('; ')
}

function withoutPassword(url: string): string {
  if (!canParseUrl(url)) return '(set, not shown)'
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname} (user, password and options not shown)`
}

function sourceOf(io: Io, name: string): string {
  if ((io.env[`${name}_FILE`] ?? '') !== '') return `${name}_FILE`
  return (io.env[name] ?? '') === '' ? 'default' : 'environment'
}

function printConfig(io: Io, options: OutputOptions): number {
  const config = readConfig(io.env, { demo: false })
  const rows = describeVariables().map(({ name, about }) => ({ name, value: (isShown(name) ? shown[name](config) : undefined) ?? null, source: sourceOf(io, name), about }))
  print(io, options, {
    json: rows,
    ids: rows.map((row) => row.name),
    text: table(['NAME', 'VALUE', 'FROM', 'WHAT'], rows.map((row) => [row.name, row.value === null || row.value === '' ? '-' : String(row.value), row.source, row.about])),
  })
  return status.ok
}

function register(parent: Commander, io: Io, finish: (status: number) => void): void {
  const group = parent.command('config').description('the configuration')
  withExamples(withOutputOptions(group.command('print').description('every setting with its source; never a secret')).action((options: OutputOptions) => finish(printConfig(io, options))), ['portner config print', 'portner config print --json'])
}

export const configCommand: Command = { name: 'config', register }
