import type { Case } from './case.ts'

const hostile = '"><script>alert(1)</script>\' onload=x {name} \u202Egnp'
const sections = [
  { name: 'overview', href: '/account', current: false },
  { name: 'groups', href: '/account/groups', current: true },
]
const frame = { person: { name: 'Ada Example', address: 'ada@ntu.example' }, sections, switchHref: '/account/switch', signOutHref: '/oauth/logout' }
const since = new Date('2026-09-01T05:40:00Z')
const until = new Date('2026-11-28T05:40:00Z')
const base = '/account/groups/g1'
const list = {
  frame,
  rows: [
    { name: 'Norges testuniversitet', kind: 'organization', role: 'member' },
    { name: 'staff', kind: 'institution', role: 'member' },
    { name: 'Fjord project', kind: 'adhoc', role: 'owner', href: base },
    { name: hostile, kind: 'adhoc', role: 'admin', href: '/account/groups/g2' },
  ],
  partial: false,
  name: '',
  description: '',
  action: '/account/groups',
  csrf: 'token-1',
} as const
const members = [
  { id: 'u1', name: 'Ada Example', role: 'owner', since, self: true, roles: [] },
  { id: 'u2', name: hostile, role: 'member', since, self: false, removeHref: `${base}/remove/u2`, roles: ['member', 'admin', 'owner'] },
] as const
const group = {
  frame,
  group: { name: 'Fjord project', description: 'Those who measure', role: 'owner' },
  members,
  invitations: [{ id: 'i1', role: 'admin', until, revocable: true }],
  inviteRoles: ['member', 'admin'],
  action: base,
  csrf: 'token-1',
  deleteHref: `${base}/delete`,
  backHref: '/account/groups',
} as const
const link = `https://login.example.org/account/groups/join/ptr_gi_${'x'.repeat(70)}`
const confirm = { frame, group: 'Fjord project', person: hostile, action: `${base}/leave`, csrf: 'token-1', backHref: base } as const
const invitation = { group: 'Fjord project', description: 'Those who measure', person: 'Ada Example', role: 'member', until } as const

export const groupsCases: readonly Case[] = [
  { view: 'account-groups', state: 'some', model: list },
  { view: 'account-groups', state: 'none', model: { ...list, rows: [], partial: true, done: 'left' } },
  { view: 'account-groups', state: 'deleted', model: { ...list, done: 'deleted' } },
  ...(['name', 'many'] as const).map((fault): Case => ({ view: 'account-groups', state: `fault-${fault}`, model: { ...list, fault, name: hostile, description: hostile }, options: { status: 400 } })),
  { view: 'account-group', state: 'owner', model: { ...group, nextHref: `${base}?after=u2` } },
  { view: 'account-group', state: 'link', model: { ...group, link } },
  { view: 'account-group', state: 'member', model: { ...group, group: { name: hostile, role: 'member' }, members: members.map((row) => ({ ...row, roles: [], removeHref: undefined })), invitations: [], inviteRoles: [], deleteHref: undefined, leaveHref: `${base}/leave` } },
  ...(['created', 'joined', 'role', 'removed', 'revoked'] as const).map((done): Case => ({ view: 'account-group', state: done, model: { ...group, leaveHref: `${base}/leave`, done } })),
  ...(['last', 'refused'] as const).map((done): Case => ({ view: 'account-group', state: done, model: { ...group, done }, options: { status: 409 } })),
  ...(['leave', 'delete', 'remove'] as const).map((what): Case => ({ view: 'account-group-confirm', state: what, model: { ...confirm, what } })),
  { view: 'account-group-join', state: 'asked', model: { frame, invitation, action: '/account/groups/join/x', csrf: 'token-1', backHref: '/account/groups' } },
  { view: 'account-group-join', state: 'over', model: { frame, action: '', csrf: '', backHref: '/account/groups' }, options: { status: 410 } },
]
