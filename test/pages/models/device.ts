import type { Case } from './case.ts'

const form = { action: '/device', csrf: 'token-1' }
const time = new Date('2026-11-21T05:40:00Z')
const hostile = '"><script>alert(1)</script>\' onload=x {name} \u202Egnp'
const asked = { clientName: 'Television', ...form, person: { name: 'Ada Example', address: 'ada@ntu.example' }, requestedAt: time, requestedFrom: '192.0.2', items: [{ scope: 'openid' }, { scope: 'email', value: 'ada@ntu.example' }] }

/** Where something that has no browser, or asks from elsewhere, is let in. */
export const deviceCases: readonly Case[] = [
  { view: 'device', state: 'empty', model: { ...form, userCode: '' } },
  { view: 'device', state: 'prefilled', model: { ...form, userCode: 'WDJB-MJHT' } },
  ...(['unknown', 'expired', 'used'] as const).map((error): Case => ({ view: 'device', state: error, model: { ...form, userCode: hostile, error }, options: { status: 400 } })),
  { view: 'device', state: 'throttled', model: { ...form, userCode: 'WDJB-MJHT', error: 'throttled', until: time }, options: { status: 429 } },
  { view: 'device-confirm', state: 'device', model: { ...asked, kind: 'device', userCode: 'WDJB-MJHT', owner: 'Norges testuniversitet' } },
  { view: 'device-confirm', state: 'ciba', model: { ...asked, kind: 'ciba', bindingMessage: hostile, clientName: hostile, items: [] } },
  { view: 'device-done', state: 'connected', model: { connected: true, clientName: hostile, accountHref: '/account/applications' } },
  { view: 'device-done', state: 'refused', model: { connected: false, accountHref: '/account/applications' } },
]
