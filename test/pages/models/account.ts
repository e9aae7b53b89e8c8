import type { Case } from './case.ts'

const sections = [
  { name: 'overview', href: '/account', current: true },
]
const frame = { person: { name: 'Ada Example', address: 'ada@ntu.example' }, sections, switchHref: '/account/switch', signOutHref: '/oauth/logout' }

export const accountCases: readonly Case[] = [
  { view: 'account-again', state: 'signed-out', model: { reason: 'account.again.signed-out', signInHref: '/account/sign-in?to=%2Faccount' }, options: { status: 401 } },
  { view: 'account-again', state: 'recent', model: { reason: 'account.again.signed-out', name: 'Ada Example', signInHref: '/account/sign-in?to=%2Faccount', backHref: '/account' } },
  { view: 'account-overview', state: 'local', model: { frame, facts: { name: 'Ada Example', username: 'ada', email: 'ada@ntu.example', organization: 'Norges testuniversitet', groups: ['staff', 'planners'] } } },
  { view: 'account-overview', state: 'bare', model: { frame, facts: { groups: [] } } },
]
