import { historyEvents } from '../../../src/audit/history.ts'
import type { Case } from './case.ts'

const sections = [
  { name: 'overview', href: '/account', current: true },
  { name: 'applications', href: '/account/applications', current: false },
  { name: 'sessions', href: '/account/sessions', current: false },
  { name: 'history', href: '/account/history', current: false },
]
const frame = { person: { name: 'Ada Example', address: 'ada@ntu.example' }, sections, switchHref: '/account/switch', signOutHref: '/oauth/logout' }

const hostile = '"><script>alert(1)</script>\' onload=x {name} \u202Egnp'
const planner = {
  id: '019c0000-0000-7000-8000-000000000001',
  name: 'Course Planner',
  owner: 'Norges testuniversitet',
  items: [{ scope: 'openid' }, { scope: 'email', value: 'ada@ntu.example' }, { scope: 'gk_calendar_write', sentence: 'Add events to your calendar', details: 'Adds and changes events. · Calendar' }],
  since: new Date('2026-09-01T05:40:00Z'),
  usedOn: new Date('2026-11-21T05:40:00Z'),
  offline: true,
  devices: 2,
  openHref: 'https://planner.example.org/start?iss=http%3A%2F%2Flocalhost',
  detailsHref: '/account/applications/1',
  removeHref: '/account/applications/1/remove',
}
const unused = { ...planner, id: '019c0000-0000-7000-8000-000000000002', name: hostile, owner: undefined, usedOn: undefined, offline: false, devices: 0 }
const list = { frame, rows: [planner, unused], found: 2, total: 2, query: '', searchAction: '/account/applications', allRemoved: false }
const day = new Date('2026-11-21T05:40:00Z')
const agreed = { id: '019c0000-0000-7000-8000-000000000009', items: [{ scope: 'debt.100', sentence: 'Show your debt' }], status: 'active' as const, since: day, until: day, uses: 0 }
const application = {
  frame,
  row: planner,
  action: '/account/applications/1',
  csrf: 'token-1',
  scopes: [{ item: { scope: 'openid' }, removable: false }, { item: { scope: 'email', value: 'ada@ntu.example' }, usedOn: day, removable: true }, { item: { scope: 'offline_access' }, removable: true }],
  consents: [agreed, ...(['used', 'expired', 'withdrawn'] as const).map((status) => ({ ...agreed, id: status, status, uses: 2, usedOn: day }))],
  receiptHref: '/account/applications/1/receipt.json',
  backHref: '/account/applications',
}
const remove = { frame, action: '/account/applications/1/remove', csrf: 'token-1', row: planner, backHref: '/account/applications', contacts: [] }

const here = { id: '1', browser: 'Firefox', system: 'Windows', place: hostile, institution: 'Norges testuniversitet', since: new Date('2026-11-21T05:30:00Z'), seenAt: new Date('2026-11-21T05:40:00Z'), current: true, shared: false, endHref: '/account/sessions/1/end' }
const there = { ...here, id: '2', browser: undefined, system: 'Android', current: false, shared: true, institution: undefined }
const nowhere = { ...there, id: '3', browser: undefined, system: undefined, shared: false }
const only = { ...nowhere, id: '4', browser: 'Samsung Internet' }
const ada = { id: 'u1', name: 'Ada Example', address: 'ada@ntu.example', institution: 'Norges testuniversitet', initials: 'AE', own: true, forgetHref: '/account/device/u1/forget' }
const stranger = { ...ada, id: 'u2', name: hostile, address: undefined, institution: undefined, own: false }
const signedIn = { frame, rows: [here], remembered: [] }
const end = { frame, action: '/account/sessions/2/end', csrf: 'token-1', backHref: '/account/sessions' }

const facts = { name: 'Ada Example', 'given-name': 'Ada', 'family-name': hostile, nickname: 'Addi', username: 'ada', email: 'ada@ntu.example', phone: '+47 22 22 22 22', address: 'Storgata 1, Oslo', birthdate: '1990-01-01', organization: 'Norges testuniversitet' }
const happened = historyEvents.map((event, i) => ({ id: `e${i}`, at: new Date('2026-11-21T05:40:00Z'), event, client: i % 2 === 0 ? 'Course Planner' : hostile, provider: 'Norges testuniversitet' }))
const past = { frame, rows: happened, historyHref: '/account/history.json', dataHref: '/account/data.json' }

export const accountCases: readonly Case[] = [
  { view: 'account-again', state: 'signed-out', model: { reason: 'account.again.signed-out', signInHref: '/account/sign-in?to=%2Faccount' }, options: { status: 401 } },
  { view: 'account-again', state: 'recent', model: { reason: 'account.again.signed-out', name: 'Ada Example', signInHref: '/account/sign-in?to=%2Faccount', backHref: '/account' } },
  { view: 'account-overview', state: 'local', model: { frame, facts, emailVerified: true, groups: ['staff', 'planners'], institution: 'Norges testuniversitet' } },
  { view: 'account-overview', state: 'bare', model: { frame, facts: { email: 'ada@ntu.example' }, emailVerified: false, groups: [] } },
  { view: 'account-applications', state: 'two', model: list },
  { view: 'account-applications', state: 'none', model: { ...list, rows: [], found: 0, total: 0 } },
  { view: 'account-applications', state: 'search', model: { ...list, found: 24, total: 40, query: 'plan', previousHref: '/account/applications?page=1', nextHref: '/account/applications?page=3' } },
  { view: 'account-applications', state: 'removed', model: { ...list, removed: hostile, removeAllHref: '/account/applications/remove-all' } },
  { view: 'account-applications', state: 'all-removed', model: { ...list, rows: [], found: 0, total: 0, allRemoved: true } },
  { view: 'account-application', state: 'all', model: { ...application, removed: { scope: 'email', value: 'ada@ntu.example' } } },
  { view: 'account-application', state: 'bare', model: { ...application, row: unused, consents: [], removed: 'consent' } },
  { view: 'account-applications-remove', state: 'two', model: { frame, action: '/account/applications/remove-all', csrf: 'token-1', names: ['Course Planner', hostile], backHref: '/account/applications' } },
  { view: 'account-application-remove', state: 'all', model: { ...remove, homeHref: 'https://planner.example.org', policyHref: 'https://planner.example.org/privacy', contacts: ['help@planner.example.org'] } },
  { view: 'account-application-remove', state: 'bare', model: { ...remove, row: unused } },
  { view: 'account-sessions', state: 'one', model: signedIn },
  { view: 'account-sessions', state: 'many', model: { ...signedIn, rows: [here, there, nowhere, only], endOthersHref: '/account/sessions/others/end', remembered: [ada, stranger] } },
  { view: 'account-sessions', state: 'ended', model: { ...signedIn, done: 'ended' } },
  { view: 'account-session-end', state: 'there', model: { ...end, row: there } },
  { view: 'account-session-end', state: 'here', model: { ...end, row: here } },
  { view: 'account-session-end', state: 'others', model: end },
  { view: 'account-history', state: 'all', model: { ...past, newestHref: '/account/history', olderHref: '/account/history?before=e9' } },
  { view: 'account-history', state: 'none', model: { ...past, rows: [] } },
  { view: 'account-forget', state: 'own', model: { ...end, row: ada } },
  { view: 'account-forget', state: 'other', model: { ...end, row: stranger } },
]
