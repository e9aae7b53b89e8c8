import type { Client, Entry } from 'ldapts'
import { z } from 'zod'
import { perContext, type Context } from '../context.ts'
import { isLoopbackAddress } from '../lib/address-class.ts'
import { canParseUrl } from '../lib/can-parse-url.ts'
import { type Circuit, createCircuit } from '../lib/circuit.ts'
import { randomBytes } from '../lib/random.ts'
import { findByLoginName } from '../users/identities.ts'
import { normalizeUsername } from '../users/user.ts'
import { type ConnectorType, type Identity, type Opening, type PasswordConnector, UpstreamFailure } from './connector.ts'
import { converse, type DirectoryAddress, hostOf } from './ldap-connection.ts'
import { type AttributeMapping, BINARY_ATTRIBUTES, claimNames, claimsOf, subjectOf, wantedAttributes, wholeMapping } from './ldap-entry.ts'
import { isSilence, readLdapFailure, readRefusal } from './ldap-failure.ts'
import { fillFilter, filterFault } from './ldap-filter.ts'
import { groupsOf, groupsSchema, MEMBER_OF } from './ldap-groups.ts'
import { directoryOf, isName } from './ldap-name.ts'
import { mapPerson } from './mapping.ts'
import { providerId, providerMembers } from './provider.ts'

// Upstream LDAP and Active Directory (RFC 4511–4513): a person's entry is searched for with an account of ours, and the password tried by
// a bind as that entry on a connection of its own. The directory learns one password, of the person who typed it, over a channel whose
// other end is proven; we keep none.

const name = z.string().max(500).refine(isName, 'must be a distinguished name')
const attributeName = z.string().regex(/^[A-Za-z][\w.-]{0,99}$/, 'must be the name of an attribute')

function isLoopback(url: string): boolean {
  const host = hostOf(url)
  return host === 'localhost' || host.endsWith('.localhost') || isLoopbackAddress(host)
}

const schema = z
  .strictObject({
    provider_id: providerId,
    protocol: z.literal('ldap'),
    ...providerMembers,
    url: z.string().regex(/^ldaps?:\/\/(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(?::\d{1,5})?\/?$/, 'must be ldap://host, ldaps://host, or either with a port').refine((url) => canParseUrl(url), 'must be a URL'),
    start_tls: z.boolean().default(false),
    allow_unencrypted: z.boolean().default(false),
    ca_certificates: z.string().max(100_000).regex(/-----BEGIN CERTIFICATE-----/, 'must be certificates in PEM').optional(),
    bind_dn: name.optional(),
    base_dn: name,
    user_filter: z.string().max(1000).default('(uid={username})').superRefine((template, context) => {
      const fault = filterFault(template, ['username'])
      if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
    }),
    id_attribute: attributeName.optional(),
    attributes: z.record(attributeName, z.enum(claimNames)).default({}),
    groups: groupsSchema.default(() => groupsSchema.parse({})),
  })
  .superRefine(({ url, start_tls: startTls, allow_unencrypted: allowed }, context) => {
    if (startTls && url.startsWith('ldaps:')) context.addIssue({ code: 'custom', path: ['start_tls'], message: 'is for ldap://: ldaps:// is encrypted from the start' })
    if (url.startsWith('ldap:') && !startTls && !allowed && !isLoopback(url)) context.addIssue({ code: 'custom', path: ['url'], message: 'would send passwords readable: use ldaps:// or start_tls: true (or allow_unencrypted: true, which portner doctor keeps naming)' })
  })
type Settings = z.output<typeof schema>

/** A person gets an answer within ten seconds, whatever the directory does. Milliseconds. */
const DEADLINE_MILLISECONDS = 8000
const SEARCH_SECONDS = 5
const CIRCUIT = { atOnce: 16, waiting: 200, failures: 5, pause: 5000 } as const

interface Directory {
  readonly ctx: Context
  readonly id: string
  readonly settings: Settings
  readonly address: DirectoryAddress
  readonly mapping: AttributeMapping
  readonly secret: Opening['secret']
}

async function bindOurselves({ settings, secret }: Directory, client: Client): Promise<void> {
  if (settings.bind_dn === undefined) return
  const password = await secret()
  // With an empty password a bind succeeds as nobody (RFC 4513 §5.1.2).
  if (password === undefined || password === '') throw new UpstreamFailure('unavailable', 'bind_password is not set')
  try {
    await client.bind(settings.bind_dn, password)
  } catch (error) {
    const refused = readRefusal(error)
    throw refused === undefined ? error : new UpstreamFailure('unavailable', `our own account is refused: result ${refused.code}`)
  }
}

interface Found {
  readonly entry: Entry
  readonly groups: readonly string[] | undefined
}

/** The one entry of a name. Nobody's when there is none, or more than one: whose password would it be? */
async function find(directory: Directory, deadline: AbortSignal, username: string): Promise<Found | undefined> {
  const { ctx, id, settings, address, mapping } = directory
  return converse(address, deadline, async (client) => {
    await bindOurselves(directory, client)
    const attributes = wantedAttributes(mapping, settings.id_attribute, settings.groups.from === 'member_of' ? [MEMBER_OF] : [])
    // Where a directory refers to others, nobody goes there: they would be told our password. References are left unread.
    const { searchEntries } = await client.search(settings.base_dn, {
      scope: 'sub',
      filter: fillFilter(settings.user_filter, { username }),
      attributes,
      explicitBufferAttributes: [...BINARY_ATTRIBUTES],
      sizeLimit: 2,
      timeLimit: SEARCH_SECONDS,
      derefAliases: 'never',
    })
    const [entry] = searchEntries
    if (searchEntries.length > 1) ctx.log.warn({ event: 'ldap.ambiguous', providerId: id }, 'a user name has several entries: nobody can sign in with it')
    if (entry === undefined || searchEntries.length > 1) return undefined
    return { entry, groups: await groupsOf(client, settings.groups, settings.base_dn, entry, username) }
  })
}

/** Whether the password is the entry's, on a connection that has no rights of ours. */
async function isBound({ ctx, id, address }: Directory, deadline: AbortSignal, dn: string, password: string): Promise<boolean> {
  try {
    await converse(address, deadline, (client) => client.bind(dn, password))
    return true
  } catch (error) {
    const refused = readRefusal(error)
    if (refused === undefined) throw error
    ctx.log.info({ event: 'ldap.refused', providerId: id, result: refused.code, meaning: refused.meaning }, 'a directory refused a sign-in')
    return false
  }
}

function identityOf({ settings, mapping }: Directory, { entry, groups }: Found): Identity {
  const subject = subjectOf(entry, settings.id_attribute)
  if (subject === undefined) throw new UpstreamFailure('invalid', `no ${settings.id_attribute ?? 'entryUUID or objectGUID'}`)
  return { issuer: directoryOf(settings.base_dn), subject, ...mapPerson({ ...claimsOf(entry, mapping), groups }, {}), acr: undefined, amr: [], authTime: undefined }
}

async function verify(directory: Directory, deadline: AbortSignal, username: string, password: string): Promise<Identity | undefined> {
  const found = await find(directory, deadline, username)
  // A name that is nobody's costs a bind too: at an entry that there cannot be, with a password that is nobody's.
  const nobody = `cn=${randomBytes(16).toString('hex')},${directory.settings.base_dn}`
  const good = found === undefined ? await isBound(directory, deadline, nobody, randomBytes(16).toString('hex')) : await isBound(directory, deadline, found.entry.dn, password)
  return good && found !== undefined ? identityOf(directory, found) : undefined
}

// Control characters are in nobody's name; some directories end a text at the first NUL.
function isPossible(username: string): boolean {
  return username !== '' && username.length <= 200 && !/\p{Cc}/u.test(username)
}

function noteCircuit(ctx: Context, providerId: string, isOpen: boolean): void {
  if (isOpen) ctx.metrics.circuitsOpen.inc({ protocol: 'ldap' })
  else ctx.metrics.circuitsOpen.dec({ protocol: 'ldap' })
  ctx.log.warn({ event: 'upstream.circuit', providerId, open: isOpen }, isOpen ? 'a directory does not answer: nobody waits for it for a while' : 'a directory answers again')
}

// One a provider for as long as the process runs: a declaration that changes while nobody asks must not leave it open for ever in the metrics.
const circuits = perContext(() => new Map<string, Circuit>())

function circuitOf(ctx: Context, providerId: string): Circuit {
  const known = circuits(ctx).get(providerId)
  if (known !== undefined) return known
  const circuit = createCircuit({ ...CIRCUIT, isSilence, onChange: (isOpen) => noteCircuit(ctx, providerId, isOpen) })
  circuits(ctx).set(providerId, circuit)
  return circuit
}

/** Our own account is let in, and what people are searched in is there. */
async function checkDirectory(directory: Directory, deadline: AbortSignal): Promise<void> {
  await converse(directory.address, deadline, async (client) => {
    await bindOurselves(directory, client)
    const { searchEntries } = await client.search(directory.settings.base_dn, { scope: 'base', filter: '(objectClass=*)', attributes: ['1.1'], sizeLimit: 1, timeLimit: SEARCH_SECONDS, derefAliases: 'never' })
    if (searchEntries.length === 0) throw new UpstreamFailure('unavailable', 'base_dn')
  })
}

function openLdap(ctx: Context, { facts, secret }: Opening): PasswordConnector {
  const settings = schema.parse(facts.provider)
  const { provider_id: id, url, start_tls: startTls, ca_certificates: authorities } = settings
  const directory: Directory = { ctx, id, settings, address: { url, startTls, authorities }, mapping: wholeMapping(settings.attributes), secret }
  const circuit = circuitOf(ctx, id)
  return {
    kind: 'password',
    whose: (username) => findByLoginName(ctx.db, id, normalizeUsername(username)),
    verify: async (_user, typed, password) => {
      const username = typed.normalize('NFKC').trim()
      // An empty password binds as nobody, successfully: it never goes out.
      if (password === '' || !isPossible(username)) return undefined
      const deadline = AbortSignal.timeout(DEADLINE_MILLISECONDS)
      try {
        return await circuit.run(() => verify(directory, deadline, username, password), deadline)
      } catch (error) {
        throw readLdapFailure(error)
      }
    },
    check: async () => {
      try {
        await checkDirectory(directory, AbortSignal.timeout(DEADLINE_MILLISECONDS))
      } catch (error) {
        throw readLdapFailure(error)
      }
    },
  }
}

export const ldap: ConnectorType = { protocol: 'ldap', schema, hasSecret: true, secretMember: 'bind_password', open: openLdap }
