import { findClientByKey } from '../clients/store.ts'
import { clientName } from '../clients/client.ts'
import { listAnyConsentObjects } from '../consents/objects.ts'
import type { Context } from '../context.ts'
import type { AdminFact, AdminTable } from '../http/admin-views.ts'
import type { Locale } from '../http/locale.ts'
import { readAgent } from '../lib/user-agent.ts'
import { findActor } from '../organizations/members.ts'
import { listSessionsOf } from '../sessions/store.ts'
import { listAnyConsents } from '../users/consents.ts'
import { listIdentities } from '../users/identities.ts'
import { listPasskeys } from '../users/passkeys.ts'
import { countRecoveryCodes } from '../users/recovery-codes.ts'
import { readAges } from '../users/store.ts'
import { hasTotpSecret } from '../users/totp-secrets.ts'
import { listTrustedDevices } from '../users/trusted-devices.ts'
import type { User } from '../users/user.ts'
import { action, code, fact, link, moment, number, text, word } from './cells.ts'

// What an operator sees of a person: what is needed to help them, and no secret.

const MOST_CONSENTS = 100

/** Who the person is to this server. */
export async function userFacts(ctx: Context, user: User): Promise<readonly AdminFact[]> {
  const { userId, username, organizationId, claims, groups, status } = user
  const [[age], actor, hasApp, recoveryCodes] = await Promise.all([readAges(ctx.db, [userId]), findActor(ctx, userId), hasTotpSecret(ctx, userId), countRecoveryCodes(ctx, userId)])
  return [
    fact('status', word(status)),
    fact('user-id', code(userId)),
    fact('username', code(username)),
    fact('address', code(claims.email), ...(claims.email === undefined ? [] : [word(claims.email_verified === true ? 'confirmed' : 'unconfirmed')])),
    fact('organization', ...(organizationId === undefined ? [] : [link(organizationId, `/admin/organizations/${organizationId}`)])),
    fact('roles', ...(actor.operator ? [word('operator')] : []), ...[...actor.roles].flatMap(([organization, role]) => [word(role), code(organization)])),
    fact('groups', ...groups.map(text)),
    fact('since', moment(age?.createdAt)),
    fact('app', word(hasApp ? 'yes' : 'no')),
    fact('recovery-codes', number(recoveryCodes)),
    fact('events', link(userId, `/admin/audit?${new URLSearchParams({ target: userId })}`)),
  ]
}

async function sessionTable(ctx: Context, { userId }: User): Promise<AdminTable> {
  const sessions = await listSessionsOf(ctx, userId)
  const rows = sessions.map(({ sessionId, agent, place, providerId, authTime, seenAt }) => {
    const { browser, system } = readAgent(agent)
    const words = [browser, system, place].filter((part) => part !== undefined).join(' · ')
    return { id: sessionId, cells: [words === '' ? word('unknown') : text(words), code(providerId), moment(new Date(authTime * 1000)), moment(seenAt)] }
  })
  return { name: 'sessions', columns: ['browser', 'provider', 'signed-in', 'seen'], rows }
}

async function passkeyTable(ctx: Context, { userId }: User): Promise<AdminTable> {
  const passkeys = await listPasskeys(ctx, userId)
  return { name: 'passkeys', columns: ['name', 'created', 'used'], rows: passkeys.map(({ credentialId, name, createdAt, usedAt }) => ({ id: credentialId, cells: [text(name), moment(createdAt), moment(usedAt)] })) }
}

async function deviceTable(ctx: Context, { userId }: User): Promise<AdminTable> {
  const devices = await listTrustedDevices(ctx, userId)
  return { name: 'devices', columns: ['device', 'until'], rows: devices.map(({ trustId, label, until }) => ({ id: trustId, cells: [label === '' ? word('unknown') : text(label), moment(until)] })) }
}

async function identityTable(ctx: Context, { userId }: User): Promise<AdminTable> {
  const identities = await listIdentities(ctx.db, userId)
  return { name: 'identities', columns: ['provider', 'subject', 'used'], rows: identities.map(({ id, providerId, subject, usedAt }) => ({ id, cells: [link(providerId, `/admin/providers/${providerId}`), code(subject), moment(usedAt)] })) }
}

async function consentTable(ctx: Context, { userId }: User, language: Locale): Promise<AdminTable> {
  const [lasting, limited] = await Promise.all([listAnyConsents(ctx, { userId }, MOST_CONSENTS), listAnyConsentObjects(ctx, { userId }, MOST_CONSENTS)])
  const live = [...lasting.filter(({ removedAt }) => removedAt === undefined).map((one) => ({ ...one, scopes: one.granted, until: undefined })), ...limited.filter(({ status }) => status === 'active').map((one) => ({ ...one, since: one.createdAt, until: one.expiresAt }))]
  const rows = await Promise.all(
    live.map(async ({ consentId, clientKey, scopes, since, until }) => {
      const client = await findClientByKey(ctx, clientKey)
      const name = client === undefined ? word('unknown') : text(clientName(client, language))
      return { id: consentId, cells: [name, code(scopes.join(' ')), moment(since), moment(until), action('withdraw', `/admin/consents/${consentId}/withdraw`)] }
    }),
  )
  return { name: 'consents', columns: ['application', 'scopes', 'since', 'until', 'change'], rows }
}

/** Where the person is signed in, what proves them, and what they let applications do. */
export async function userTables(ctx: Context, user: User, language: Locale): Promise<readonly AdminTable[]> {
  return Promise.all([sessionTable(ctx, user), passkeyTable(ctx, user), deviceTable(ctx, user), identityTable(ctx, user), consentTable(ctx, user, language)])
}
