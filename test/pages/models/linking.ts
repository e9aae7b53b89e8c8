import type { Case } from './case.ts'

const hostile = '"><script>alert(1)</script>\' onload=x {name} \u202Egnp'
const sections = [
  { name: 'overview', href: '/account', current: false },
  { name: 'institutions', href: '/account/institutions', current: true },
]
const frame = { person: { name: 'Ada Example', address: 'ada@ntu.example' }, sections, switchHref: '/account/switch', signOutHref: '/oauth/logout' }
const since = new Date('2026-09-01T05:40:00Z')
const row = { id: 'i1', name: 'Norges testuniversitet', since, usedAt: new Date('2026-11-21T05:40:00Z'), removeHref: '/account/institutions/i1/remove' }
const list = { frame, rows: [row, { ...row, id: 'i2', name: hostile }], hasPassword: true, query: '', searchAction: '/account/institutions', found: [], action: '/account/institutions/add', csrf: 'token-1' }
const sides = [
  { name: 'Ada Example', address: 'ada@ntu.example', institution: 'Norges testuniversitet', since, stays: true },
  { name: hostile, institution: hostile, since, stays: false },
]

export const linkingCases: readonly Case[] = [
  { view: 'account-institutions', state: 'two', model: list },
  { view: 'account-institutions', state: 'only', model: { ...list, rows: [{ ...row, removeHref: undefined }], hasPassword: false, query: 'x' } },
  { view: 'account-institutions', state: 'found', model: { ...list, query: 'test', found: [{ providerId: 'ntu', name: 'Norges testuniversitet' }, { providerId: 'x', name: hostile }] } },
  ...(['added', 'merged', 'removed', 'known'] as const).map((done): Case => ({ view: 'account-institutions', state: done, model: { ...list, done } })),
  ...(['last', 'failed'] as const).map((done): Case => ({ view: 'account-institutions', state: done, model: { ...list, done }, options: { status: 409 } })),
  { view: 'account-institution-remove', state: 'one', model: { frame, row, action: '/account/institutions/i1/remove', csrf: 'token-1', backHref: '/account/institutions' } },
  { view: 'account-join', state: 'two', model: { frame, sides, action: '/account/institutions/join?ticket=x', csrf: 'token-1', backHref: '/account/institutions' } },
]
