import type { Case } from './case.ts'

const hostile = '"><script>alert(1)</script>\' onload=x {name} \u202Egnp'
const form = { clientName: 'Course Planner', action: '/signin/tx/not-allowed', csrf: 'token-1' }
const barred = { ...form, institution: 'Norges testuniversitet', canAsk: true, asked: false, switchHref: '/signin/tx/switch', contact: { name: 'The help desk', href: 'https://help.ntu.example/' } }
const failed = { status: 403 }

/** The pages around the consent page. */
export const consentCases: readonly Case[] = [
  { view: 'not-allowed', state: 'blocked', model: { ...barred, why: 'blocked' }, options: failed },
  { view: 'not-allowed', state: 'unapproved', model: { ...barred, why: 'unapproved', canAsk: false, contact: undefined }, options: failed },
  { view: 'not-allowed', state: 'too-young', model: { ...barred, why: 'too-young', age: 13, asked: true }, options: failed },
  { view: 'not-allowed', state: 'hostile', model: { ...barred, why: 'blocked', clientName: hostile, institution: hostile, contact: { name: hostile, href: 'javascript:alert(1)' } }, options: failed },
]
