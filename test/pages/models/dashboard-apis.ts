import { locales } from '../../../src/http/locale.ts'
import type { Case } from './case.ts'
import { alone, desk, hostile, planner, sandbox } from './dashboard.ts'

const day = new Date('2026-11-21T05:40:00Z')
const wish = { scope: 'gk_calendar_write', state: 'granted', title: 'Add events to your calendar', approver: 'Norges testuniversitet', askedAt: day, realms: [] }
const standard = ['profile', 'email', 'phone', 'address', 'groups', 'userid', 'offline_access'].map((scope, i) => ({ scope, asked: i < 2, optional: i === 1 }))
const access = { desk, head: planner, action: '/dashboard/access', csrf: 'token-1', mayChange: true, standard, wishes: [wish], optional: [], typed: '' }
const wishes = [
  { ...wish, state: 'requested' },
  { ...wish, scope: 'gk_grades', state: 'refused', title: undefined, reason: hostile, approver: hostile },
  { ...wish, scope: 'gk_lists', state: 'organizations', realms: [{ realm: 'ntu.example', approved: true }, { realm: 'lunmal.example', approved: false, reason: hostile }] },
  { ...wish, scope: 'gk_gone', state: 'unknown', title: undefined, approver: undefined, askedAt: undefined },
]
const approvals = ['auto', 'owner', 'organization']
const fresh = { desk, action: '/dashboard/apis/new', csrf: 'token-1', values: ['api_id', 'name', 'audience'].map((name) => ({ name, value: '' })), approvals, approval: 'owner', faults: [] }
const scopes = approvals.map((approval, i) => ({ value: `gk_calendar_${approval}`, title: i === 0 ? hostile : 'Add events', description: i === 0 ? undefined : hostile, approval, missing: i === 0 ? ['nb', 'fi'] : [], href: '/dashboard/apis/calendar/scopes/x' }))
const settings = { desk, action: '/dashboard/apis/calendar/settings', csrf: 'token-1', id: 'calendar', names: [{ language: 'en', own: 'English', value: hostile }, { language: 'nb', own: 'Norsk bokmål', value: '' }], audience: 'https://calendar.example.org', address: 'https://login.example.org/gk/calendar', upstream: `https://api.example.org/${'a'.repeat(200)}`, auths: ['none', 'basic', 'bearer', 'header', 'mtls'], auth: 'basic', username: 'portner', header: '', certificate: '', timeout: '20', requireUser: false, isOff: false, isHeld: false, faults: [], backHref: '/dashboard/apis/calendar' }
const api = { desk, id: 'calendar', name: 'Calendar', audience: 'https://calendar.example.org', approval: 'owner', scopes, upstream: 'https://api.example.org/v1', isOff: false, settingsHref: '/dashboard/apis/calendar/settings', addHref: '/dashboard/apis/calendar/scopes/new', yaml: `kind: api\n${hostile}\n` }
const scope = { desk, apiId: 'calendar', action: '/dashboard/apis/calendar/scopes/write', csrf: 'token-1', isNew: false, name: 'write', texts: Object.entries(locales).map(([language, own]) => ({ language, own, title: hostile, description: '' })), approvals, approval: 'auto', faults: [], backHref: '/dashboard/apis/calendar' }
const asked = { id: '1', clientId: 'planner', client: 'Course Planner', owner: 'Lunmal', scope: 'gk_calendar_write', title: 'Add events', description: 'Adds and changes events.', state: 'waiting', askedAt: day, has: ['gk_calendar'] }
const strange = { ...asked, id: '2', client: hostile, owner: undefined, title: undefined, description: undefined, has: [] }
const inbox = { desk, organization: 'ntu', action: '/dashboard/requests', csrf: 'token-1', own: [asked, strange], waiting: [{ ...asked, id: '3', realm: 'ntu.example' }], decided: [{ ...asked, id: '4', realm: 'ntu.example', state: 'approved' }, { ...strange, id: '5', realm: 'ntu.example', state: 'refused', reason: hostile }] }
const trace = { reference: '7F3K-92QD', at: day, endpoint: '/oauth/authorization', cause: 'redirect_uri.mismatch', words: 'diagnosis.cause.redirect_uri.mismatch', level: 'refused', href: '/dashboard/diagnosis/7F3K-92QD' }

export const dashboardApiCases: readonly Case[] = [
  { view: 'dashboard-access', state: 'granted', model: access },
  { view: 'dashboard-access', state: 'all', model: { ...access, head: sandbox, wishes } },
  { view: 'dashboard-access', state: 'member', model: { ...access, mayChange: false } },
  { view: 'dashboard-access', state: 'none', model: { ...access, standard: [], wishes: [] } },
  ...['empty', 'unknown'].map((fault): Case => ({ view: 'dashboard-access', state: fault, model: { ...access, typed: hostile, fault }, options: { status: 400 } })),
  ...['saved', 'asked', 'removed', 'again', 'too-early'].map((done): Case => ({ view: 'dashboard-access', state: done, model: { ...access, done } })),
  { view: 'dashboard-apis', state: 'some', model: { desk, organization: 'ntu', rows: [{ id: 'calendar', name: hostile, audience: 'https://calendar.example.org', isOff: false, scopes: 2, href: '/dashboard/apis/calendar' }, { id: 'grades', name: 'Grades', isOff: true, scopes: 0, href: '/dashboard/apis/grades' }], registerHref: '/dashboard/apis/new' } },
  { view: 'dashboard-apis', state: 'empty', model: { desk, organization: 'ntu', rows: [] } },
  { view: 'dashboard-apis', state: 'self', model: { desk: alone, rows: [] } },
  { view: 'dashboard-api-new', state: 'new', model: fresh },
  { view: 'dashboard-api-new', state: 'wrong', model: { ...fresh, faults: [hostile, 'api_id must be a lower-case letter'] }, options: { status: 400 } },
  { view: 'dashboard-api', state: 'all', model: api },
  { view: 'dashboard-api', state: 'bare', model: { ...api, audience: undefined, upstream: undefined, isOff: true, settingsHref: undefined, scopes: [], addHref: undefined } },
  ...['registered', 'scope', 'removed', 'settings', 'off', 'on'].map((done): Case => ({ view: 'dashboard-api', state: done, model: { ...api, done } })),
  { view: 'dashboard-api-settings', state: 'kept', model: settings },
  { view: 'dashboard-api-settings', state: 'held', model: { ...settings, isOff: true, isHeld: true } },
  { view: 'dashboard-api-settings', state: 'off', model: { ...settings, isOff: true, requireUser: true, upstream: '', auth: 'none' } },
  { view: 'dashboard-api-settings', state: 'wrong', model: { ...settings, upstream: hostile, username: hostile, certificate: hostile, faults: [hostile, 'upstream must be an http or https URL'] }, options: { status: 400 } },
  { view: 'dashboard-api-scope', state: 'change', model: scope },
  { view: 'dashboard-api-scope', state: 'new', model: { ...scope, isNew: true, name: '' } },
  { view: 'dashboard-api-scope', state: 'wrong', model: { ...scope, isNew: true, faults: ['name', 'taken', 'title', 'description', 'languages', hostile] }, options: { status: 400 } },
  { view: 'dashboard-requests', state: 'some', model: inbox },
  { view: 'dashboard-requests', state: 'none', model: { ...inbox, own: [], waiting: [], decided: [] } },
  { view: 'dashboard-requests', state: 'self', model: { ...inbox, desk: alone, organization: undefined, own: [], waiting: [], decided: [] } },
  ...['granted', 'refused'].map((done): Case => ({ view: 'dashboard-requests', state: done, model: { ...inbox, done } })),
  ...['quicker', 'reason'].map((done): Case => ({ view: 'dashboard-requests', state: done, model: { ...inbox, done }, options: { status: 400 } })),
  { view: 'dashboard-log', state: 'some', model: { desk, head: planner, people: 3, week: { people: 1204 }, days: [{ day: '2026-11-21', logins: 1204, tokens: 3000, failures: 3 }, { day: '2026-11-20', tokens: 2, failures: 0 }], causes: [{ cause: trace.cause, words: trace.words, count: 2 }, { cause: hostile, count: 1 }], rows: [trace, { ...trace, reference: '8F3K-92QD', cause: hostile, words: undefined, level: 'warning' }], refreshHref: '/dashboard/log' } },
  { view: 'dashboard-log', state: 'none', model: { desk, head: planner, people: 0, week: {}, days: [], causes: [], rows: [], refreshHref: '/dashboard/log' } },
]
