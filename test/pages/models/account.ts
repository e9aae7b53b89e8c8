import type { Case } from './case.ts'

const sections = [
  { name: 'overview', href: '/account', current: true },
  { name: 'applications', href: '/account/applications', current: false },
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
  removeHref: '/account/applications/1/remove',
}
const unused = { ...planner, id: '019c0000-0000-7000-8000-000000000002', name: hostile, owner: undefined, usedOn: undefined, offline: false, devices: 0 }
const list = { frame, rows: [planner, unused], found: 2, total: 2, query: '', searchAction: '/account/applications' }
const remove = { frame, action: '/account/applications/1/remove', csrf: 'token-1', row: planner, backHref: '/account/applications', contacts: [] }

export const accountCases: readonly Case[] = [
  { view: 'account-again', state: 'signed-out', model: { reason: 'account.again.signed-out', signInHref: '/account/sign-in?to=%2Faccount' }, options: { status: 401 } },
  { view: 'account-again', state: 'recent', model: { reason: 'account.again.signed-out', name: 'Ada Example', signInHref: '/account/sign-in?to=%2Faccount', backHref: '/account' } },
  { view: 'account-overview', state: 'local', model: { frame, facts: { name: 'Ada Example', username: 'ada', email: 'ada@ntu.example', organization: 'Norges testuniversitet', groups: ['staff', 'planners'] } } },
  { view: 'account-overview', state: 'bare', model: { frame, facts: { groups: [] } } },
  { view: 'account-applications', state: 'two', model: list },
  { view: 'account-applications', state: 'none', model: { ...list, rows: [], found: 0, total: 0 } },
  { view: 'account-applications', state: 'search', model: { ...list, found: 24, total: 40, query: 'plan', previousHref: '/account/applications?page=1', nextHref: '/account/applications?page=3' } },
  { view: 'account-applications', state: 'removed', model: { ...list, removed: hostile } },
  { view: 'account-application-remove', state: 'all', model: { ...remove, homeHref: 'https://planner.example.org', policyHref: 'https://planner.example.org/privacy', contacts: ['help@planner.example.org'] } },
  { view: 'account-application-remove', state: 'bare', model: { ...remove, row: unused } },
]
