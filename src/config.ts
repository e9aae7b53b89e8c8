import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { canParseUrl } from './lib/can-parse-url.ts'
import { readCertificates } from './lib/certificate.ts'
import { isLoopbackHost, issuerFault, mailUrlFault } from './lib/configured-address.ts'
import { isMailAddress, parseMailbox } from './lib/mail-address.ts'
import { nearest } from './lib/nearest.ts'
import { pathAliasFault, readPathAliases } from './lib/path-alias.ts'

// Owns the environment: read once, every fault told at once by name and source, then a frozen value. Nobody else reads process.env.

/** All faults of a configuration. The process prints them and ends with status 2. */
export class ConfigError extends Error {
  readonly faults: readonly string[]
  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
    this.faults = faults
  }
}

const list = z.string().transform((text) => text.split(',').map((part) => part.trim()).filter((part) => part !== ''))
const number = (least: number, most: number) => z.string().regex(/^\d+$/, 'must be a whole number').transform(Number).pipe(z.number().min(least).max(most))
const onOff = z.enum(['0', '1']).transform((value) => value === '1')
const CIDR = /^[0-9a-fA-F.:]+(\/\d{1,3})?$/

const issuer = z.string().superRefine((text, context) => {
  const fault = issuerFault(text)
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
})

const mailUrl = z.string().superRefine((text, context) => {
  const fault = mailUrlFault(text)
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
})
const mailFrom = z.string().refine((text) => isMailAddress(parseMailbox(text).address), 'must be an address, or: A name <address>')

const HEADER_NAME = /^[A-Za-z0-9-]{1,60}$/
const headerName = z.string().regex(HEADER_NAME, 'must be the name of a header').transform((name) => name.toLowerCase())
const certificates = z.string().refine((pem) => readCertificates(pem) !== undefined, 'must be certificates in PEM')
const privateKey = z.string().refine(isPrivateKey, 'must be a private key in PEM, without a password')

function isPrivateKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).type === 'private'
  } catch {
    return false
  }
}

const HOST = /^[a-z0-9.-]+(:\d{1,5})?$/
const documentHosts = list.pipe(z.array(z.string().regex(HOST)).min(1))
const clientDocuments = z.union([z.literal('0').transform(() => 'off' as const), z.literal('1').transform(() => 'any' as const), documentHosts], 'must be 0, 1 or hosts such as app.example.org')

const pathAliases = list
  .superRefine((pairs, context) => {
    for (const message of pairs.map(pathAliasFault).filter((fault) => fault !== undefined)) context.addIssue({ code: 'custom', message })
  })
  .transform(readPathAliases)

// name of the variable → how it is read. The README's table is printed from this list.
const variables = {
  PORT: { schema: number(0, 65_535).default(3000), about: 'port to listen on' },
  HOST: { schema: z.string().optional(), about: 'address to listen on; all addresses unless the demo runs' },
  DATABASE_URL: { schema: z.string().regex(/^postgres(ql)?:\/\//, 'must begin with postgres://').optional(), about: 'PostgreSQL 15 or newer; without it an embedded one runs in the data directory' },
  LOG_LEVEL: { schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'), about: 'least level of the log' },
  PORTNER_ISSUER: { schema: issuer.optional(), about: 'the issuer, as clients know it; default http://localhost:$PORT' },
  PORTNER_SECRET_KEY: { schema: list.pipe(z.array(z.string().min(32, 'each key needs 32 characters or more')).min(1)).optional(), about: 'comma separated secrets for everything encrypted at rest; the first one encrypts' },
  PORTNER_CONFIG: { schema: list.optional(), about: 'comma separated YAML files or folders, applied at start' },
  PORTNER_DATA_DIR: { schema: z.string().default('.portner'), about: 'embedded database and generated secrets' },
  PORTNER_TRUST_PROXY: { schema: list.pipe(z.array(z.string().regex(CIDR, 'must be addresses or CIDR ranges'))).optional(), about: 'comma separated CIDRs of proxies whose X-Forwarded-* headers count' },
  PORTNER_COUNTRY_HEADER: { schema: headerName.optional(), about: 'header in which a proxy of PORTNER_TRUST_PROXY names the country of the visitor (two letters), for the order of institutions' },
  PORTNER_PLACE_HEADER: { schema: headerName.optional(), about: 'header in which a proxy of PORTNER_TRUST_PROXY says from where a visitor comes (a city), shown to people in the list of their sign-ins' },
  PORTNER_MTLS_PORT: { schema: number(1, 65_535).optional(), about: 'port with TLS of our own, where clients show their certificates (mTLS)' },
  PORTNER_TLS_CERT: { schema: certificates.optional(), about: 'our certificate at that port, with its chain, in PEM' },
  PORTNER_TLS_KEY: { schema: privateKey.optional(), about: 'the private key of that certificate, in PEM' },
  PORTNER_MTLS_URL: { schema: issuer.optional(), about: 'where clients with certificates find us (mtls_endpoint_aliases); default the name of the issuer with PORTNER_MTLS_PORT' },
  PORTNER_CLIENT_CERTIFICATE_HEADER: { schema: headerName.optional(), about: 'header in which a proxy of PORTNER_TRUST_PROXY hands on the certificate of a client' },
  PORTNER_CLIENT_CERTIFICATE_CA: { schema: certificates.optional(), about: 'certificates in PEM of the authorities that issue certificates of clients (tls_client_auth)' },
  PORTNER_WORKERS: { schema: number(1, 64).default(1), about: 'server processes' },
  PORTNER_METRICS_PORT: { schema: number(0, 65_535).optional(), about: 'port of /metrics on 127.0.0.1; off unless set' },
  PORTNER_SERVICE_NAME: { schema: z.string().min(1).max(60).default('Portner'), about: 'name that people see' },
  PORTNER_SUPPORT_URL: { schema: z.url().optional(), about: 'where the Help link of every page leads' },
  PORTNER_PRIVACY_URL: { schema: z.url().optional(), about: 'where the Privacy link of every page leads' },
  PORTNER_ACCESSIBILITY_URL: { schema: z.url().optional(), about: 'where the Accessibility link of every page leads' },
  PORTNER_MAIL_URL: { schema: mailUrl.optional(), about: 'mail server, smtp://user:password@host:587 or smtps://…; without it nothing that needs mail is offered' },
  PORTNER_MAIL_FROM: { schema: mailFrom.optional(), about: 'sender of the mails, an address or: A name <address>' },
  PORTNER_REGISTRATION: { schema: z.enum(['closed', 'token', 'open']).default('closed'), about: 'who may register clients at the registration endpoint: nobody, holders of an initial access token, everybody (limited)' },
  PORTNER_REGISTRATION_PROFILE: { schema: z.enum(['oauth21', 'fapi2', 'legacy']).default('oauth21'), about: 'the profile of clients that register themselves; legacy lets them do without PKCE and get tokens through the browser' },
  PORTNER_FETCH_REQUEST_URIS: { schema: onOff.default(false), about: '1 lets clients refer to signed requests at addresses that they registered (request_uri)' },
  PORTNER_CLIENT_ID_METADATA_DOCUMENTS: { schema: clientDocuments.default('off'), about: '1 takes clients whose client_id is the https address of a document about them; or the comma separated hosts whose documents are taken' },
  PORTNER_PATH_ALIASES: { schema: pathAliases.optional(), about: 'comma separated other addresses of endpoints, for clients that have them built in, such as /oauth2/auth=/oauth/authorization,/oauth2/token=/oauth/token' },
  PORTNER_CONSENT_EVENT_DAYS: { schema: number(30, 36_500).default(730), about: 'days after which events of consents leave the feeds of clients' },
  PORTNER_AUDIT_DAYS: { schema: number(90, 36_500).default(730), about: 'days after which audit events are forgotten' },
  PORTNER_GATEKEEPER_DOMAIN: { schema: z.string().regex(HOST, 'must be a host such as gk.example.org').optional(), about: 'domain below which each API has a name of its own at the gatekeeper: calendar.gk.example.org for gk.example.org; without it all are below /gk/' },
  PORTNER_GATEKEEPER_HEADER_PREFIX: { schema: z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,39}-$/, 'must be the beginning of a header, such as X-Dataporten-').default('X-Dataporten-'), about: 'how the headers begin with which the gatekeeper tells an API who calls' },
  PORTNER_GATEKEEPER_HOSTS: { schema: list.pipe(z.array(z.string().regex(HOST))).optional(), about: 'comma separated hosts of the own network that APIs of the dashboard and of the management API may have as upstream; those of files need no permission' },
  PORTNER_DB_POOL: { schema: number(2, 100).default(6), about: 'most database connections of a process beside those of the hot paths' },
  PORTNER_DB_PREPARE: { schema: onOff.default(true), about: '0 switches named prepared statements off (PgBouncer before 1.21)' },
  PORTNER_DB_BATCH: { schema: onOff.default(true), about: '0 switches the batching of hot statements off' },
  PORTNER_TEST_FETCH: { schema: onOff.default(false), about: 'tests: outgoing requests may reach loopback addresses; loopback and .test issuers only' },
  PORTNER_TEST_CLOCK: { schema: onOff.default(false), about: 'tests may move the clock; loopback and .test issuers only' },
} as const

export type VariableName = keyof typeof variables
type Values = { [K in VariableName]: z.output<(typeof variables)[K]['schema']> }

export interface Config {
  readonly port: number
  readonly host: string
  readonly issuer: string
  readonly databaseUrl: string | undefined
  readonly logLevel: Values['LOG_LEVEL']
  /** The first one encrypts, the rest decrypt. Empty: generated into the data directory (loopback issuers only). */
  readonly secretKeys: readonly string[]
  readonly configFiles: readonly string[]
  readonly dataDir: string
  readonly trustProxy: readonly string[]
  /** Lower case. */
  readonly countryHeader: string | undefined
  readonly placeHeader: string | undefined
  /** Where certificates of clients are asked for, and with which certificate and key of ours (PEM). */
  readonly mtlsPort: number | undefined
  readonly tlsCertificate: string | undefined
  readonly tlsKey: string | undefined
  /** The address of the endpoints that ask for certificates; nothing where it is the issuer's own. */
  readonly mtlsUrl: string | undefined
  /** Lower case. */
  readonly clientCertificateHeader: string | undefined
  /** PEM. */
  readonly clientCertificateAuthorities: string | undefined
  readonly workers: number
  readonly metricsPort: number | undefined
  readonly serviceName: string
  readonly supportUrl: string | undefined
  readonly privacyUrl: string | undefined
  readonly accessibilityUrl: string | undefined
  /** With the credentials in it: for the transport only. */
  readonly mailUrl: string | undefined
  readonly mailFrom: string | undefined
  readonly registration: Values['PORTNER_REGISTRATION']
  readonly registrationProfile: Values['PORTNER_REGISTRATION_PROFILE']
  readonly fetchRequestUris: boolean
  /** Whose metadata documents make clients: nobody's, anybody's, or those of these hosts. */
  readonly clientDocuments: Values['PORTNER_CLIENT_ID_METADATA_DOCUMENTS']
  /** Other addresses of endpoints, and where each leads. */
  readonly pathAliases: ReadonlyMap<string, string>
  readonly consentEventDays: number
  readonly auditDays: number
  /** Lower case, with a port where it is not the scheme's. */
  readonly gatekeeperDomain: string | undefined
  readonly gatekeeperHeaderPrefix: string
  readonly gatekeeperHosts: readonly string[]
  readonly databasePool: number
  readonly prepareStatements: boolean
  readonly batchStatements: boolean
  readonly testClock: boolean
  readonly testFetch: boolean
  readonly demo: boolean
  /** http on a loopback address: what development and the demo need, and nothing else may have. */
  readonly loopback: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

function fromFile(env: Environment, name: string, faults: string[]): string | undefined {
  const path = env[`${name}_FILE`]
  if (path === undefined || path === '') return undefined
  if (env[name] !== undefined && env[name] !== '') faults.push(`${name}: given twice, as ${name} and as ${name}_FILE`)
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch {
    faults.push(`${name}_FILE: the file cannot be read: ${path}`)
    return undefined
  }
}

function isVariable(name: string): name is VariableName {
  return Object.hasOwn(variables, name)
}

function unknownNames(env: Environment): string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith('PORTNER_') && !isVariable(name.replace(/_FILE$/, '')))
    .map((name) => {
      const meant = nearest(name, Object.keys(variables))
      return `${name}: not a variable of Portner${meant === undefined ? '' : `; did you mean ${meant}?`}`
    })
}

function readVariables(env: Environment, faults: string[]): Partial<Values> {
  const values: Record<string, unknown> = {}
  for (const [name, { schema }] of Object.entries(variables)) {
    const file = fromFile(env, name, faults)
    const text = file ?? (env[name] === '' ? undefined : env[name])
    const result = schema.safeParse(text)
    if (result.success) values[name] = result.data
    else faults.push(...result.error.issues.map((issue) => `${name}${file === undefined ? '' : '_FILE'}: ${issue.message}`))
  }
  return values
}

function mtlsFaults(v: Partial<Values>): string[] {
  const { PORTNER_MTLS_PORT: port, PORTNER_TLS_CERT: certificate, PORTNER_TLS_KEY: key, PORTNER_CLIENT_CERTIFICATE_HEADER: header } = v
  const own = certificate === undefined ? undefined : readCertificates(certificate)?.[0]
  return [
    ...(port !== undefined && (certificate === undefined || key === undefined) ? ['PORTNER_MTLS_PORT: needs PORTNER_TLS_CERT and PORTNER_TLS_KEY'] : []),
    ...(port !== undefined && port === v.PORT ? ['PORTNER_MTLS_PORT: must be another than PORT'] : []),
    ...(own !== undefined && key !== undefined && !own.checkPrivateKey(createPrivateKey(key)) ? ['PORTNER_TLS_KEY: is not the key of PORTNER_TLS_CERT'] : []),
    ...(header !== undefined && v.PORTNER_TRUST_PROXY === undefined ? ['PORTNER_CLIENT_CERTIFICATE_HEADER: needs PORTNER_TRUST_PROXY, or anybody could say whose certificate it is'] : []),
    ...(port === undefined && header === undefined && (v.PORTNER_MTLS_URL ?? v.PORTNER_CLIENT_CERTIFICATE_CA) !== undefined ? ['PORTNER_MTLS_URL, PORTNER_CLIENT_CERTIFICATE_CA: need PORTNER_MTLS_PORT or PORTNER_CLIENT_CERTIFICATE_HEADER'] : []),
  ]
}

/** The address of what asks for certificates, where it is another than the issuer. */
function mtlsUrlOf(v: Partial<Values>, issuerUrl: string): string | undefined {
  const { PORTNER_MTLS_URL: url, PORTNER_MTLS_PORT: port } = v
  const address = url ?? (port === undefined || !canParseUrl(issuerUrl) ? undefined : `https://${new URL(issuerUrl).hostname}${port === 443 ? '' : `:${port}`}`)
  return address === issuerUrl ? undefined : address
}

/** Whether clients can show certificates here at all (RFC 8705). */
export function takesCertificates({ mtlsPort, clientCertificateHeader }: Config): boolean {
  return mtlsPort !== undefined || clientCertificateHeader !== undefined
}

// Else what is meant for our own endpoints would go to an API.
function gatekeeperFaults({ PORTNER_GATEKEEPER_DOMAIN: domain }: Partial<Values>, own: readonly (string | undefined)[]): string[] {
  const isBelow = (url: string | undefined): boolean => url !== undefined && canParseUrl(url) && new URL(url).host.endsWith(`.${domain}`)
  return domain !== undefined && own.some(isBelow) ? ['PORTNER_GATEKEEPER_DOMAIN: the issuer must not be below it'] : []
}

/** Reads the environment. Throws ConfigError with every fault at once. */
export function readConfig(env: Environment, options: { readonly demo: boolean }): Config {
  const faults = unknownNames(env)
  const v = readVariables(env, faults)
  const port = v.PORT ?? 3000
  const issuer = v.PORTNER_ISSUER ?? `http://localhost:${port}`
  const host = canParseUrl(issuer) ? new URL(issuer).hostname : ''
  const loopback = isLoopbackHost(host) && issuer.startsWith('http:')
  if (options.demo && !loopback) faults.push('--demo: refused unless PORTNER_ISSUER is an http address of this machine')
  for (const name of ['PORTNER_TEST_CLOCK', 'PORTNER_TEST_FETCH'] as const) {
    if (v[name] === true && !isLoopbackHost(host) && !host.endsWith('.test')) faults.push(`${name}: refused unless the issuer is a loopback address or ends in .test`)
  }
  if (v.PORTNER_SECRET_KEY === undefined && !loopback) faults.push('PORTNER_SECRET_KEY: required unless the issuer is a loopback address; generate one with: openssl rand -base64 32')
  if (v.PORTNER_MAIL_URL !== undefined && v.PORTNER_MAIL_FROM === undefined) faults.push('PORTNER_MAIL_FROM: required with PORTNER_MAIL_URL')
  faults.push(...mtlsFaults(v), ...gatekeeperFaults(v, [issuer, mtlsUrlOf(v, issuer)]))
  if (faults.length > 0) throw new ConfigError(faults)
  return Object.freeze({
    port,
    host: v.HOST ?? (options.demo ? 'localhost' : '::'),
    issuer,
    databaseUrl: v.DATABASE_URL,
    logLevel: v.LOG_LEVEL ?? 'info',
    secretKeys: v.PORTNER_SECRET_KEY ?? [],
    configFiles: v.PORTNER_CONFIG ?? [],
    dataDir: v.PORTNER_DATA_DIR ?? '.portner',
    trustProxy: v.PORTNER_TRUST_PROXY ?? [],
    countryHeader: v.PORTNER_COUNTRY_HEADER,
    placeHeader: v.PORTNER_PLACE_HEADER,
    mtlsPort: v.PORTNER_MTLS_PORT,
    tlsCertificate: v.PORTNER_TLS_CERT,
    tlsKey: v.PORTNER_TLS_KEY,
    mtlsUrl: mtlsUrlOf(v, issuer),
    clientCertificateHeader: v.PORTNER_CLIENT_CERTIFICATE_HEADER,
    clientCertificateAuthorities: v.PORTNER_CLIENT_CERTIFICATE_CA,
    workers: v.PORTNER_WORKERS ?? 1,
    metricsPort: v.PORTNER_METRICS_PORT,
    serviceName: v.PORTNER_SERVICE_NAME ?? 'Portner',
    supportUrl: v.PORTNER_SUPPORT_URL,
    privacyUrl: v.PORTNER_PRIVACY_URL,
    accessibilityUrl: v.PORTNER_ACCESSIBILITY_URL,
    mailUrl: v.PORTNER_MAIL_URL,
    mailFrom: v.PORTNER_MAIL_FROM,
    registration: v.PORTNER_REGISTRATION ?? 'closed',
    registrationProfile: v.PORTNER_REGISTRATION_PROFILE ?? 'oauth21',
    fetchRequestUris: v.PORTNER_FETCH_REQUEST_URIS ?? false,
    clientDocuments: v.PORTNER_CLIENT_ID_METADATA_DOCUMENTS ?? 'off',
    pathAliases: v.PORTNER_PATH_ALIASES ?? new Map(),
    consentEventDays: v.PORTNER_CONSENT_EVENT_DAYS ?? 730,
    auditDays: v.PORTNER_AUDIT_DAYS ?? 730,
    gatekeeperDomain: v.PORTNER_GATEKEEPER_DOMAIN,
    gatekeeperHeaderPrefix: v.PORTNER_GATEKEEPER_HEADER_PREFIX ?? 'X-Dataporten-',
    gatekeeperHosts: v.PORTNER_GATEKEEPER_HOSTS ?? [],
    databasePool: v.PORTNER_DB_POOL ?? 6,
    prepareStatements: v.PORTNER_DB_PREPARE ?? true,
    batchStatements: v.PORTNER_DB_BATCH ?? true,
    testClock: v.PORTNER_TEST_CLOCK ?? false,
    testFetch: v.PORTNER_TEST_FETCH ?? false,
    demo: options.demo,
    loopback,
  })
}

/** What can be configured, for the documentation and `portner doctor`. */
export function describeVariables(): readonly { readonly name: string; readonly about: string }[] {
  return Object.entries(variables).map(([name, { about }]) => ({ name, about }))
}
