import { applicationTypes } from '../../../src/clients/metadata.ts'
import type { ClientHead } from '../../../src/http/dashboard-views.ts'
import { addressFaults } from '../../../src/dashboard/typed-address.ts'
import { locales } from '../../../src/http/locale.ts'
import { roles } from '../../../src/organizations/can.ts'
import type { Case } from './case.ts'

export const hostile = '"><script>alert(1)</script>\' onload=x {name} \u202Egnp'
export const desk = {
  person: 'Ada Example',
  acting: 'Norges testuniversitet',
  choices: [
    { href: '/dashboard?owner=me', current: false },
    { name: 'Norges testuniversitet', href: '/dashboard?owner=org%3Antu', current: true },
    { name: hostile, href: '/dashboard?owner=org%3Ax', current: false },
  ],
  sections: ['clients', 'apis', 'requests', 'team'].map((name, i) => ({ name, href: `/dashboard/${name}`, current: i === 0 })),
  accountHref: '/account',
  switchHref: '/account/switch?to=/dashboard',
  signOutHref: '/oauth/logout',
}
export const alone = { ...desk, acting: undefined, choices: [{ href: '/dashboard?owner=me', current: true }] }
const id = '4cc40647-0000-4000-8000-000000000001'
export const planner: ClientHead = {
  id,
  name: 'Course Planner',
  kind: 'web',
  status: 'production',
  tabs: ['overview', 'addresses', 'access', 'secrets', 'look', 'snippets', 'log'].map((name, i) => ({ name, href: `/dashboard/clients/${id}/${name}`, current: i === 0 })),
  insecure: [],
  previewHref: `/dashboard/clients/${id}/preview`,
  configHref: `/dashboard/clients/${id}/config`,
  tryHref: `/dashboard/clients/${id}/try`,
}
export const sandbox: ClientHead = { ...planner, name: hostile, status: 'development', insecure: ['http://dev.planner.example'], previewHref: undefined, tryHref: undefined }

const row = { id, name: 'Course Planner', kind: 'web', status: 'production', insecure: false, people: 1204, href: `/dashboard/clients/${id}` }
const sorts = ['name', 'kind', 'status'].map((name, i) => ({ name, href: `/dashboard?sort=${name}`, current: i === 0 }))
const list = { desk, rows: [row, { ...row, id: 'x', name: hostile, kind: 'spa', status: 'development', insecure: true, people: 0 }, { ...row, id: 'y', kind: 'device', status: 'disabled' }], found: 3, total: 9, query: '', kind: '', sort: 'name', owner: 'org:ntu', sorts, offers: [] }

const typed = { desk, action: '/dashboard/register', csrf: 'token-1', clientId: id, name: '', kind: 'web', kinds: applicationTypes, address: '', owner: 'org:ntu', owners: [{ value: 'me' }, { value: 'org:ntu', name: 'Norges testuniversitet' }], faults: [] }
const wrong = (fault: string, instead?: string) => ({ ...typed, name: hostile, address: 'http://dev.planner.example/cb', faults: [{ field: 'address', fault, instead }] })
const secret = { desk, head: planner, made: true, secret: 'ptr_cs_0123456789abcdef0123456789abcdef0123456789abcdef', discovery: 'https://portner.example/.well-known/openid-configuration', action: `/dashboard/clients/${id}/env`, csrf: 'token-1', snippetsHref: '/dashboard/snippets', clientHref: '/dashboard/client' }
const overview = { desk, head: planner, discovery: secret.discovery, owner: 'Norges testuniversitet', grants: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'], method: 'client_secret_basic', scopes: ['openid', 'profile', 'gk_calendar_write'], addresses: ['https://planner.example.org/callback', `https://planner.example.org/${'a'.repeat(200)}`], people: 3, unused: [{ kind: 'redirect_uri' as const, value: `https://planner.example.org/${'a'.repeat(200)}`, since: new Date('2026-10-01T05:40:00Z'), everUsed: false }, { kind: 'redirect_uri' as const, value: hostile, since: new Date('2026-06-01T05:40:00Z'), everUsed: true }, { kind: 'scope' as const, value: 'gk_calendar_write', since: new Date('2026-10-01T05:40:00Z'), everUsed: false }], removeHref: '/dashboard/remove', transferHref: '/dashboard/transfer' }

const day = new Date('2026-11-21T05:40:00Z')
const redirects = { list: 'redirect', action: '/dashboard/addresses/redirect', csrf: 'token-1', fields: [{ value: 'https://planner.example.org/callback' }, { value: '' }], mayAdd: true, accepted: false }
const signedOut = { ...redirects, list: 'logout', fields: [{ value: '' }], mayAdd: false }
const addresses = { desk, head: planner, mayChange: true, lists: [redirects, signedOut, { ...signedOut, list: 'origins' }] }
const secrets = { desk, head: planner, csrf: 'token-1', rows: [{ id: '1', hint: 'f3a', since: day, usedOn: day }, { id: '2', hint: '"><', since: day, until: day }] }
const links = ['client_uri', 'logo_uri', 'policy_uri', 'tos_uri', 'initiate_login_uri'].map((name) => ({ name, value: name === 'client_uri' ? `https://${hostile}` : '' }))
const look = { desk, head: planner, action: '/dashboard/look', csrf: 'token-1', names: Object.entries(locales).map(([language, own]) => ({ language, own, value: language === 'en' ? hostile : '' })), links, contacts: 'help@planner.example.org', mayChange: true, faults: [] }
const ending = { desk, head: planner, action: '/dashboard/x', csrf: 'token-1', people: 0, wrong: false, backHref: '/dashboard' }
const ada = { id: 'u1', name: 'Ada Example', address: 'ada@ntu.example', role: 'admin', since: day, self: true }
const team = { desk, organization: 'ntu', rows: [ada, { ...ada, id: 'u2', name: hostile, address: undefined, role: 'member', self: false }], roles, mayManage: false }

export const dashboardCases: readonly Case[] = [
  { view: 'dashboard-clients', state: 'some', model: { ...list, registerHref: '/dashboard/register', nextHref: '/dashboard?page=2', previousHref: '/dashboard?page=1' } },
  { view: 'dashboard-clients', state: 'empty', model: { ...list, desk: alone, rows: [], found: 0, total: 0, registerHref: '/dashboard/register' } },
  { view: 'dashboard-clients', state: 'empty-member', model: { ...list, rows: [], found: 0, total: 0 } },
  { view: 'dashboard-clients', state: 'none-found', model: { ...list, rows: [], found: 0, query: hostile } },
  { view: 'dashboard-clients', state: 'removed', model: { ...list, done: 'removed', offers: [{ name: hostile, href: '/dashboard/offers/x' }] } },
  { view: 'dashboard-register', state: 'new', model: typed },
  { view: 'dashboard-register', state: 'empty', model: { ...typed, kind: '', owner: '', faults: ['name', 'kind', 'address', 'owner'].map((field) => ({ field, fault: 'empty' })) }, options: { status: 400 } },
  { view: 'dashboard-register', state: 'name-taken', model: { ...typed, faults: [{ field: 'name', fault: 'taken' }] }, options: { status: 400 } },
  { view: 'dashboard-register', state: 'insecure', model: { ...wrong('insecure', 'https://dev.planner.example/cb'), insecure: { origin: 'http://dev.planner.example', accepted: false } }, options: { status: 400 } },
  ...addressFaults.map((fault): Case => ({ view: 'dashboard-register', state: `address-${fault}`, model: wrong(fault, fault === 'scheme' ? 'https://planner.example.org/callback' : undefined), options: { status: 400 } })),
  { view: 'dashboard-secret', state: 'made', model: secret },
  { view: 'dashboard-secret', state: 'public', model: { ...secret, head: sandbox, secret: undefined } },
  { view: 'dashboard-secret', state: 'drawn', model: { ...secret, made: false } },
  { view: 'dashboard-client', state: 'all', model: overview },
  { view: 'dashboard-client', state: 'insecure', model: { ...overview, head: sandbox, owner: undefined, addresses: [], unused: [], removeHref: undefined, transferHref: undefined, done: 'look' } },
  { view: 'dashboard-addresses', state: 'kept', model: addresses },
  { view: 'dashboard-addresses', state: 'added', model: { ...addresses, head: sandbox, lists: [{ ...redirects, added: 1, insecure: 'http://dev.planner.example', accepted: true }, signedOut] } },
  { view: 'dashboard-addresses', state: 'wrong', model: { ...addresses, lists: [{ ...redirects, fields: [{ value: hostile, fault: { fault: 'spaces' } }, { value: 'app.example.org', fault: { fault: 'scheme', instead: 'https://app.example.org' } }] }, signedOut] }, options: { status: 400 } },
  { view: 'dashboard-addresses', state: 'member', model: { ...addresses, mayChange: false } },
  { view: 'dashboard-secrets', state: 'two', model: { ...secrets, retireAction: '/dashboard/retire' } },
  { view: 'dashboard-secrets', state: 'one', model: { ...secrets, rows: secrets.rows.slice(0, 1), addAction: '/dashboard/new' } },
  ...['retired', 'full', 'only'].map((done): Case => ({ view: 'dashboard-secrets', state: done, model: { ...secrets, done } })),
  { view: 'dashboard-look', state: 'kept', model: look },
  { view: 'dashboard-look', state: 'member', model: { ...look, mayChange: false } },
  { view: 'dashboard-look', state: 'wrong', model: { ...look, faults: [{ field: 'name-en', fault: 'empty' }, { field: 'name-nb', fault: 'long' }, { field: 'name-fi', fault: 'taken' }, { field: 'logo_uri', fault: 'address' }, { field: 'contacts', fault: 'contacts' }] }, options: { status: 400 } },
  { view: 'dashboard-snippets', state: 'secret', model: { desk, head: planner, languages: [{ name: 'curl', href: '?lang=curl', current: true }, { name: 'Node.js (openid-client)', href: '?lang=node', current: false }], code: `#!/bin/sh\n${hostile}\n${'x'.repeat(300)}`, needsSecret: true } },
  { view: 'dashboard-snippets', state: 'public', model: { desk, head: planner, languages: [{ name: 'curl', href: '?lang=curl', current: true }], code: 'curl', needsSecret: false } },
  { view: 'dashboard-config', state: 'yaml', model: { desk, head: planner, yaml: `kind: client\nclient_id: ${id}\nclient_name: ${hostile}\n`, command: `portner apply ${id}.yaml` } },
  { view: 'dashboard-remove', state: 'ask', model: ending },
  { view: 'dashboard-remove', state: 'wrong', model: { ...ending, people: 1204, wrong: true }, options: { status: 400 } },
  { view: 'dashboard-transfer', state: 'ask', model: ending },
  { view: 'dashboard-transfer', state: 'wrong', model: { ...ending, wrong: true }, options: { status: 400 } },
  { view: 'dashboard-transfer', state: 'offered', model: { ...ending, offer: { to: hostile, until: day } } },
  { view: 'dashboard-offer', state: 'organization', model: { desk, name: hostile, clientId: id, to: 'Norges testuniversitet', action: '/dashboard/offers/1', csrf: 'token-1', backHref: '/dashboard' } },
  { view: 'dashboard-offer', state: 'person', model: { desk: alone, name: 'Course Planner', clientId: id, action: '/dashboard/offers/1', csrf: 'token-1', backHref: '/dashboard' } },
  { view: 'dashboard-team', state: 'admin', model: { ...team, mayManage: true, action: '/dashboard/team?owner=org%3Antu', csrf: 'token-1' } },
  { view: 'dashboard-team', state: 'member', model: { ...team, nextHref: '/dashboard/team?owner=org%3Antu&after=u2' } },
  { view: 'dashboard-team', state: 'long-ago', model: { ...team, changeHref: '/dashboard/team?owner=org%3Antu&change=1' } },
  { view: 'dashboard-team', state: 'self', model: { desk: alone, rows: [], roles: [], mayManage: false } },
  ...['added', 'changed', 'removed'].map((done): Case => ({ view: 'dashboard-team', state: done, model: { ...team, done } })),
  ...['unknown', 'already', 'last'].map((done): Case => ({ view: 'dashboard-team', state: done, model: { ...team, done }, options: { status: 400 } })),
]
