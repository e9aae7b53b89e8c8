import type { AdminCell, AdminTable } from '../../../src/http/admin-views.ts'
import type { Case } from './case.ts'

const day = new Date('2026-11-21T05:40:00Z')
const hostile = '"><script>alert(1)</script>\' onload=x {name} \u202Egnp'
const long = 'cn=somebody-with-a-very-long-name,ou=department-of-everything,dc=norges-testuniversitet,dc=example'
const admin = {
  person: 'Ada Example',
  sections: (['home', 'providers', 'users', 'organizations', 'clients', 'apis', 'keys', 'audit'] as const).map((name) => ({ name, href: name === 'home' ? '/admin' : `/admin/${name}`, current: name === 'users' })),
}

const text = (value: string): AdminCell => ({ kind: 'text', text: value })
const code = (value: string): AdminCell => ({ kind: 'code', text: value })
const word = (value: string): AdminCell => ({ kind: 'word', word: value })
const moment: AdminCell = { kind: 'moment', at: day }
const number: AdminCell = { kind: 'number', number: 3 }
const none: AdminCell = { kind: 'none' }
const person: AdminCell = { kind: 'link', text: 'Ada Example', href: '/admin/users/1' }
const withdraw: AdminCell = { kind: 'action', action: 'withdraw', href: '/admin/consents/1/withdraw' }

function table(name: string, columns: readonly string[], ...rows: readonly (readonly AdminCell[])[]): AdminTable {
  return { name, columns, rows: rows.map((cells, i) => ({ id: `${name}-row-${i}`, cells })) }
}

const jobs = table('jobs', ['job', 'period', 'last-run', 'held-until'], [code('rotate-keys'), number, moment, none])
const troubles = table('troubles', ['provider', 'failures', 'failed'], [{ kind: 'link', text: 'ntu', href: '/admin/providers/ntu' }, number, moment])
const federations = table('federations', ['federation', 'institutions', 'imported', 'valid-until', 'failure'], [code('feide'), number, moment, moment, text(hostile)])
const empty = (name: string): AdminTable => table(name, [])

const facts = (names: readonly string[]) => names.map((name, i) => ({ name, cells: [[person], [text(hostile)], [code(long), code('x')], [moment], [number], [none]][i % 6] ?? [] }))
const findings = [{ check: 'keys', result: 'fail' as const, message: hostile, fix: 'set PORTNER_SECRET_KEY' }, { check: 'mail', result: 'warn' as const, message: 'PORTNER_MAIL_URL is not set' }, { check: 'node', result: 'ok' as const, message: 'Node 24' }]

const userTable = table('users', ['name', 'username', 'address', 'organization', 'status'], [person, code('ada'), code('ada@ntu.example'), code('ntu'), word('active')], [{ kind: 'link', text: hostile, href: '/admin/users/2' }, none, none, none, word('locked')])
const filters = [{ name: 'q', value: hostile, hint: true }, { name: 'organization', value: '' }, { name: 'status', value: 'locked', options: ['active', 'locked'] }]
const list = { admin, section: 'users', action: '/admin/users', filters, table: userTable, actions: [] }

const auditFilters = [{ name: 'event', value: 'login', hint: true }, { name: 'actor', value: '' }, { name: 'target', value: hostile, hint: true }, { name: 'reference', value: '' }, { name: 'from', value: '', hint: true }, { name: 'to', value: '', hint: true }]
const events = table('audit', ['event', 'when', 'actor', 'about', 'reference', 'details'], [code('user.changed'), moment, person, person, code('7F3K-92QD'), code(`change: ${hostile}`)], [code('login'), moment, none, none, none, code(long)])
const providerFilters = [{ name: 'q', value: '', hint: true }, { name: 'protocol', value: 'oidc', options: ['local', 'oidc'], codes: true }, { name: 'state', value: '', options: ['on', 'off'] }]
const userTables = [
  table('sessions', ['browser', 'provider', 'signed-in', 'seen'], [text('Firefox · Windows'), code('ntu'), moment, moment], [word('unknown'), code('ntu'), moment, moment]),
  table('passkeys', ['name', 'created', 'used'], [text(hostile), moment, none]),
  table('devices', ['device', 'until'], [text('Firefox'), moment]),
  table('identities', ['provider', 'subject', 'used'], [{ kind: 'link', text: 'ntu', href: '/admin/providers/ntu' }, code(long), moment]),
  table('consents', ['application', 'scopes', 'since', 'until', 'change'], [text('Course Planner'), code('openid profile'), moment, none, withdraw]),
]
const roles = { name: 'roles', cells: ['operator', 'admin', 'developer', 'member', 'confirmed', 'unconfirmed'].map(word) }
const userFacts = [...facts(['status', 'user-id', 'username', 'address', 'organization']), roles, ...facts(['groups', 'since', 'app', 'recovery-codes', 'events'])]
const providerFacts = [{ name: 'state', cells: ['off', 'off-left', 'off-expired', 'off-declared', 'off-operator'].map(word) }, { name: 'from', cells: ['a-federation', 'a-file', 'the-api'].map(word) }, ...facts(['id', 'protocol', 'federation', 'realms', 'country', 'failures', 'failed', 'people-this-week'])]
const use = table('use', ['day', 'sign-ins', 'failed-sign-ins'], [code('2026-11-21'), number, none], [code('2026-11-20'), word('fewer-than-five'), number])
const scopes = table('scopes', ['scope', 'title', 'approval'], ...['auto', 'owner', 'organization'].map((one) => [code('gk_calendar_write'), text('Add events'), word(`approval-${one}`)]))
const thing = { admin, section: 'users', title: 'Ada Example', facts: userFacts, tables: userTables, actions: ['lock', 'unlock', 'end-sessions', 'send-reset', 'remove-factors'].map((name) => ({ name, href: `/admin/users/1/${name}` })), backHref: '/admin/users' }
const question = { admin, action: '/admin/users/1/lock', csrf: 'token-1', subject: hostile, backHref: '/admin/users/1' }

export const adminCases: readonly Case[] = [
  { view: 'admin-home', state: 'trouble', model: { admin, facts: [...facts(['version', 'issuer', 'keys-since', 'mails', 'mails-put-off', 'oldest-mail', 'circuits']), { name: 'migrations', cells: [word('up-to-date')] }], findings, tables: [jobs, troubles, federations] } },
  { view: 'admin-home', state: 'calm', model: { admin, facts: facts(['version']), findings: findings.slice(2), tables: ['jobs', 'troubles', 'federations'].map(empty) } },
  { view: 'admin-list', state: 'users', model: { ...list, firstHref: '/admin/users', nextHref: '/admin/users?after=1' } },
  { view: 'admin-list', state: 'empty', model: { ...list, section: 'providers', table: empty('providers'), filters: providerFilters } },
  { view: 'admin-list', state: 'audit', model: { ...list, section: 'audit', filters: auditFilters, table: events, actions: [{ name: 'export', href: '/admin/audit/export' }] } },
  { view: 'admin-thing', state: 'connection', model: { ...thing, section: 'providers', facts: [{ name: 'connection', cells: [...['good', 'untried', 'forbidden', 'silent', 'slow', 'certificate', 'account', 'secret', 'base', 'discovery', 'metadata', 'other'].map((one) => word(`connection-${one}`)), code('ECONNREFUSED')] }], actions: [{ name: 'try-connection', href: '/admin/providers/x/try-connection' }], done: 'connection-failed' } },
  { view: 'admin-thing', state: 'connection-good', model: { ...thing, section: 'providers', facts: [], done: 'try-connection' } },
  { view: 'admin-confirm', state: 'connection', model: { ...question, question: 'try-connection' } },
  { view: 'admin-thing', state: 'user', model: { ...thing, done: 'end-sessions' } },
  { view: 'admin-thing', state: 'provider', model: { ...thing, section: 'providers', title: hostile, facts: providerFacts, tables: [scopes, use], actions: [{ name: 'switch-on', href: '/admin/providers/ntu/switch-on' }] } },
  { view: 'admin-confirm', state: 'noted', model: { ...question, question: 'switch-off', note: 'declared' } },
  { view: 'admin-confirm', state: 'box', model: { ...question, question: 'end-sessions', box: 'offline' } },
  { view: 'admin-confirm', state: 'reason', model: { ...question, question: 'remove-factors', reason: { value: '', failed: false } } },
  { view: 'admin-confirm', state: 'no-reason', model: { ...question, question: 'withdraw', reason: { value: hostile, failed: true } }, options: { status: 400 } },
]
