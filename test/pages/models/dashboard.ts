import { applicationTypes } from '../../../src/clients/metadata.ts'
import type { ClientHead } from '../../../src/http/dashboard-views.ts'
import { addressFaults } from '../../../src/dashboard/typed-address.ts'
import type { Case } from './case.ts'

const hostile = '"><script>alert(1)</script>\' onload=x {name} \u202Egnp'
export const desk = {
  person: 'Ada Example',
  acting: 'Norges testuniversitet',
  choices: [
    { href: '/dashboard?owner=me', current: false },
    { name: 'Norges testuniversitet', href: '/dashboard?owner=org%3Antu', current: true },
    { name: hostile, href: '/dashboard?owner=org%3Ax', current: false },
  ],
  sections: [{ name: 'clients', href: '/dashboard?owner=org%3Antu', current: true }],
  accountHref: '/account',
  switchHref: '/account/switch?to=/dashboard',
  signOutHref: '/oauth/logout',
}
const alone = { ...desk, acting: undefined, choices: [{ href: '/dashboard?owner=me', current: true }] }
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
const sandbox: ClientHead = { ...planner, name: hostile, status: 'development', insecure: ['http://dev.planner.example'], previewHref: undefined, tryHref: undefined }

const row = { id, name: 'Course Planner', kind: 'web', status: 'production', insecure: false, people: 1204, href: `/dashboard/clients/${id}` }
const sorts = ['name', 'kind', 'status'].map((name, i) => ({ name, href: `/dashboard?sort=${name}`, current: i === 0 }))
const list = { desk, rows: [row, { ...row, id: 'x', name: hostile, kind: 'spa', status: 'development', insecure: true, people: 0 }, { ...row, id: 'y', kind: 'device', status: 'disabled' }], found: 3, total: 9, query: '', kind: '', sort: 'name', owner: 'org:ntu', sorts }

const typed = { desk, action: '/dashboard/register', csrf: 'token-1', clientId: id, name: '', kind: 'web', kinds: applicationTypes, address: '', owner: 'org:ntu', owners: [{ value: 'me' }, { value: 'org:ntu', name: 'Norges testuniversitet' }], faults: [] }
const wrong = (fault: string, instead?: string) => ({ ...typed, name: hostile, address: 'http://dev.planner.example/cb', faults: [{ field: 'address', fault, instead }] })
const secret = { desk, head: planner, made: true, secret: 'ptr_cs_0123456789abcdef0123456789abcdef0123456789abcdef', discovery: 'https://portner.example/.well-known/openid-configuration', action: `/dashboard/clients/${id}/env`, csrf: 'token-1', snippetsHref: '/dashboard/snippets', clientHref: '/dashboard/client' }
const overview = { desk, head: planner, discovery: secret.discovery, owner: 'Norges testuniversitet', grants: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'], method: 'client_secret_basic', scopes: ['openid', 'profile', 'gk_calendar_write'], addresses: ['https://planner.example.org/callback', `https://planner.example.org/${'a'.repeat(200)}`], people: 3, removeHref: '/dashboard/remove', transferHref: '/dashboard/transfer' }

export const dashboardCases: readonly Case[] = [
  { view: 'dashboard-clients', state: 'some', model: { ...list, registerHref: '/dashboard/register', nextHref: '/dashboard?page=2', previousHref: '/dashboard?page=1' } },
  { view: 'dashboard-clients', state: 'empty', model: { ...list, desk: alone, rows: [], found: 0, total: 0, registerHref: '/dashboard/register' } },
  { view: 'dashboard-clients', state: 'empty-member', model: { ...list, rows: [], found: 0, total: 0 } },
  { view: 'dashboard-clients', state: 'none-found', model: { ...list, rows: [], found: 0, query: hostile } },
  { view: 'dashboard-clients', state: 'removed', model: { ...list, done: 'removed' } },
  { view: 'dashboard-register', state: 'new', model: typed },
  { view: 'dashboard-register', state: 'empty', model: { ...typed, kind: '', owner: '', faults: ['name', 'kind', 'address', 'owner'].map((field) => ({ field, fault: 'empty' })) }, options: { status: 400 } },
  { view: 'dashboard-register', state: 'name-taken', model: { ...typed, faults: [{ field: 'name', fault: 'taken' }] }, options: { status: 400 } },
  { view: 'dashboard-register', state: 'insecure', model: { ...wrong('insecure', 'https://dev.planner.example/cb'), insecure: { origin: 'http://dev.planner.example', accepted: false } }, options: { status: 400 } },
  ...addressFaults.map((fault): Case => ({ view: 'dashboard-register', state: `address-${fault}`, model: wrong(fault, fault === 'scheme' ? 'https://planner.example.org/callback' : undefined), options: { status: 400 } })),
  { view: 'dashboard-secret', state: 'made', model: secret },
  { view: 'dashboard-secret', state: 'public', model: { ...secret, head: sandbox, secret: undefined } },
  { view: 'dashboard-secret', state: 'drawn', model: { ...secret, made: false } },
  { view: 'dashboard-client', state: 'all', model: overview },
  { view: 'dashboard-client', state: 'insecure', model: { ...overview, head: sandbox, owner: undefined, addresses: [], removeHref: undefined, transferHref: undefined, done: 'look' } },
]
