import type { Case } from './case.ts'

const form = { action: '/signin/tx/factor', csrf: 'token-1' }
const journey = { clientName: 'Course Planner' }
const hostile = '"><script>alert(1)</script>\' onload=x {name} \u202Egnp'
const factor = { ...journey, ...form, method: 'totp', kind: 'code' as const, account: 'ada@ntu.example', otherHref: '/signin/tx/factor-methods', mayTrust: true }
const setup = {
  ...form,
  picture: { size: 10, path: 'M4 4h1v1h-1zM5 5h1v1h-1z' },
  key: 'JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP',
  otpauth: 'otpauth://totp/Portner:ada%40ntu.example?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Portner',
  sealed: 'sealed',
}
const codes = Array.from({ length: 10 }, (_, i) => `7F3K-92QD-0000-000${i}`)

const frame = { person: { name: 'Ada Example', address: 'ada@ntu.example' }, sections: [{ name: 'two-step', href: '/account/two-step', current: true }], switchHref: '/account/switch', signOutHref: '/oauth/logout' }
const time = new Date('2026-11-21T05:40:00Z')
const twoStep = { frame, path: '/account/two-step', csrf: 'token-1', passkeys: [], hasApp: false, devices: [] }

/** The pages of second factors and passkeys. */
export const factorCases: readonly Case[] = [
  { view: 'factor', state: 'totp', model: factor },
  { view: 'factor', state: 'wrong', model: { ...factor, error: 'wrong', left: 2 }, options: { status: 401 } },
  { view: 'factor', state: 'used', model: { ...factor, error: 'used', account: hostile, mayTrust: false }, options: { status: 401 } },
  { view: 'factor', state: 'expired', model: { ...factor, error: 'expired', left: 0 }, options: { status: 401 } },
  { view: 'factor', state: 'throttled', model: { ...factor, error: 'throttled', until: new Date('2026-11-21T05:40:00Z') }, options: { status: 429 } },
  { view: 'factor', state: 'exhausted', model: { ...factor, error: 'exhausted', restartHref: '/signin/tx/restart' }, options: { status: 429 } },
  { view: 'factor', state: 'recovery', model: { ...factor, method: 'recovery-code', otherHref: undefined } },
  { view: 'factor', state: 'unsent', model: { ...factor, method: 'email-code', sentTo: 'ada@ntu.example', mustSend: true } },
  { view: 'factor', state: 'sent', model: { ...factor, method: 'email-code', sentTo: 'ada@ntu.example' } },
  { view: 'factor', state: 'passkey', model: { ...factor, method: 'passkey', kind: 'passkey', optionsHref: '/signin/tx/factor-options' } },
  { view: 'factor', state: 'refused', model: { ...factor, method: 'passkey', kind: 'passkey', optionsHref: '/signin/tx/factor-options', error: 'passkey' }, options: { status: 401 } },
  { view: 'factor-methods', state: 'four', model: { ...journey, ...form, account: hostile, methods: ['passkey', 'totp', 'email-code', 'recovery-code'].map((name, i) => ({ name, checked: i === 1 })), backHref: '/signin/tx/factor' } },
  { view: 'factor-setup', state: 'first', model: { ...setup, ...journey, account: 'ada@ntu.example', demandedBy: 'Norges testuniversitet' } },
  { view: 'factor-setup', state: 'wrong', model: { ...setup, ...journey, account: hostile, wrong: true }, options: { status: 401 } },
  { view: 'recovery-codes', state: 'journey', model: { codes, continueHref: '/signin/tx', clientName: 'Course Planner' } },
  { view: 'recovery-codes', state: 'account', model: { codes, continueHref: '/account/two-step' } },
  { view: 'passkey-offer', state: 'offer', model: { ...journey, ...form, optionsHref: '/signin/tx/passkey-offer-options' } },
  { view: 'account-two-step', state: 'nothing', model: twoStep },
  {
    view: 'account-two-step',
    state: 'everything',
    model: {
      ...twoStep,
      passkeys: [{ id: 'AQ', name: 'My phone', since: time, usedOn: time, synced: true }, { id: 'Ag', name: hostile, since: time, synced: false }],
      hasApp: true,
      codesLeft: 9,
      email: { address: 'ada@ntu.example', on: false },
      devices: [{ id: 'd1', browser: 'Firefox', system: 'Windows', since: time, until: time }, { id: 'd2', since: time, until: time }],
      done: 'passkey-added',
    },
  },
  { view: 'account-two-step', state: 'refused', model: { ...twoStep, email: { address: 'ada@ntu.example', on: true }, codesLeft: 0, done: 'passkey-refused' } },
  { view: 'account-app', state: 'first', model: { ...setup, frame, backHref: '/account/two-step' } },
  { view: 'account-app', state: 'wrong', model: { ...setup, frame, wrong: true, backHref: '/account/two-step' }, options: { status: 401 } },
  { view: 'account-passkey-new', state: 'new', model: { ...form, frame, optionsHref: '/account/two-step/passkeys/options', backHref: '/account/two-step' } },
  { view: 'account-passkey', state: 'one', model: { ...form, frame, id: 'AQ', name: hostile, backHref: '/account/two-step' } },
]
