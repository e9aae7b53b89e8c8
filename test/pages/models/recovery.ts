import type { Case } from './case.ts'

const journey = { clientName: 'Course Planner' }
const form = { action: '/signin/tx/forgotten?provider=ntu', csrf: 'token-1' }
const hostile = '"><script>alert(1)</script>\' onload=x {name} \u202Egnp'
const forgotten = { ...journey, ...form, providerName: 'Norges testuniversitet', username: '', backHref: '/signin/tx/login?provider=ntu' }
const reset = { action: '/recovery/token', csrf: 'token-1', username: 'ada', shortest: 8 }

const signUp = { ...journey, ...form, providerName: 'Guest accounts', name: '', email: '', shortest: 8, existingHref: '/signin/tx/sign-up/existing' }
const signUpCode = { ...journey, ...form, minutes: 20, againHref: '/signin/tx/sign-up', existingHref: '/signin/tx/sign-up/existing' }

const frame = { person: { name: 'Ada Example', address: 'ada@ntu.example' }, sections: [{ name: 'password', href: '/account/password', current: true }], switchHref: '/account/switch', signOutHref: '/oauth/logout' }
const own = { frame, csrf: 'token-1', action: '/account/password', emailAction: '/account/email', username: 'ada', address: 'ada@ntu.example', isConfirmed: true, shortest: 8 }

export const recoveryCases: readonly Case[] = [
  { view: 'account-password', state: 'first', model: own },
  { view: 'account-password', state: 'problem', model: { ...own, problem: 'common', isConfirmed: false, address: hostile }, options: { status: 400 } },
  { view: 'account-password', state: 'address', model: { ...own, emailProblem: 'not-an-address', address: undefined }, options: { status: 400 } },
  { view: 'account-password', state: 'throttled', model: { ...own, emailProblem: 'throttled' }, options: { status: 429 } },
  { view: 'account-password', state: 'saved', model: { ...own, done: 'password' } },
  { view: 'account-password', state: 'sent', model: { ...own, done: 'sent' } },
  { view: 'account-password', state: 'elsewhere', model: { ...own, emailAction: undefined, username: undefined } },
  { view: 'address-confirm', state: 'ask', model: { state: 'ask', address: hostile, action: '/account/email/confirm/token', csrf: 'token-1' } },
  { view: 'address-confirm', state: 'over', model: { state: 'over' }, options: { status: 410 } },
  { view: 'address-confirm', state: 'done', model: { state: 'done' } },
  { view: 'sign-up', state: 'first', model: signUp },
  { view: 'sign-up', state: 'faults', model: { ...signUp, name: hostile, email: hostile, nameProblem: 'empty', emailProblem: 'not-an-address', problem: 'common' }, options: { status: 400 } },
  { view: 'sign-up', state: 'throttled', model: { ...signUp, until: new Date('2026-11-21T05:40:00Z') }, options: { status: 429 } },
  { view: 'sign-up-where', state: 'two', model: { ...journey, places: [{ name: 'Guest accounts', href: '/signin/tx/sign-up?provider=guests' }, { name: hostile, href: '/signin/tx/sign-up?provider=other' }], existingHref: '/signin/tx/sign-up/existing' } },
  { view: 'sign-up-code', state: 'first', model: signUpCode },
  ...(['wrong', 'taken', 'over'] as const).map((problem): Case => ({ view: 'sign-up-code', state: problem, model: { ...signUpCode, problem }, options: { status: 400 } })),
  { view: 'forgotten', state: 'first', model: forgotten },
  { view: 'forgotten', state: 'hostile', model: { ...forgotten, clientName: hostile, providerName: hostile, username: hostile } },
  { view: 'forgotten', state: 'empty', model: { ...forgotten, error: 'empty' }, options: { status: 400 } },
  { view: 'forgotten', state: 'throttled', model: { ...forgotten, username: 'ada', error: 'throttled', until: new Date('2026-11-21T05:40:00Z') }, options: { status: 429 } },
  { view: 'forgotten-sent', state: 'sent', model: { ...journey, minutes: 20, againHref: '/signin/tx/forgotten?provider=ntu', backHref: '/signin/tx/login?provider=ntu' } },
  { view: 'reset', state: 'first', model: reset },
  ...(['too-short', 'too-long', 'common', 'about-you', 'busy'] as const).map((problem): Case => ({ view: 'reset', state: problem, model: { ...reset, username: hostile, problem }, options: { status: 400 } })),
  { view: 'reset-over', state: 'here', model: { continueHref: '/signin/tx' }, options: { status: 400 } },
  { view: 'reset-over', state: 'elsewhere', model: {}, options: { status: 400 } },
  { view: 'reset-done', state: 'here', model: { continueHref: '/signin/tx/login?provider=ntu' } },
  { view: 'reset-done', state: 'elsewhere', model: {} },
]
