import { type Cause, causes } from '../../../src/protocol/causes.ts'
import type { DashboardDiagnosisModel } from '../../../src/http/diagnosis-views.ts'
import type { Case } from './case.ts'
import { desk } from './dashboard.ts'

const hostile = '"><script>alert(1)</script>\' onload=x {name} \u202Egnp'
const address = 'https://planner.example.org/callback'

const mismatch: DashboardDiagnosisModel = {
  desk,
  level: 'refused',
  reference: '7F3K-92QD',
  at: new Date('2026-11-21T05:40:12Z'),
  clientId: 'course-planner',
  clientName: 'Course Planner',
  clientHref: '/dashboard/clients/course-planner',
  tryHref: '/dashboard/clients/course-planner/try',
  request: 'GET /oauth/authorization',
  answered: 'invalid_request: The address to return to is not registered for this application',
  cause: 'redirect_uri.mismatch',
  hints: [{ name: 'difference_trailing_slash' }],
  compared: [{ name: 'redirect_uri', sent: { start: address, different: '/', end: '' }, expected: { start: address, different: '', end: '' } }],
  fix: 'register_redirect',
  rule: 'RFC 9700 §4.1.3',
  similar: 11,
  parameters: [['client_id', 'course-planner'], ['redirect_uri', `${address}/`], ['state', 'hmac:0123456789abcdef']],
  hashed: true,
  add: { action: '/dashboard/diagnosis/7F3K-92QD/redirect-uri', csrf: 'token-1', address: `${address}/` },
}

const strange: DashboardDiagnosisModel = {
  ...mismatch,
  clientId: hostile,
  clientName: undefined,
  clientHref: undefined,
  tryHref: undefined,
  answered: undefined,
  cause: 'client.unknown',
  fix: 'check_client_id',
  hints: [{ name: 'nearest_client', values: { id: hostile } }],
  compared: [{ name: 'client_id', sent: { start: hostile, different: '', end: '' } }, { name: 'x'.repeat(100), expected: { start: 'y'.repeat(300), different: '', end: '' } }],
  similar: 1,
  parameters: [],
  hashed: false,
  add: undefined,
}

const bare = { ...strange, clientId: undefined, hints: [], compared: [] }

export const diagnosisCases: readonly Case[] = [
  { view: 'dashboard-diagnosis', state: 'redirect-uri', model: mismatch },
  { view: 'dashboard-diagnosis', state: 'added', model: { ...mismatch, add: undefined, done: 'added' } },
  { view: 'dashboard-diagnosis', state: 'not-added', model: { ...mismatch, done: 'not_added' } },
  { view: 'dashboard-diagnosis', state: 'unknown-client', model: strange },
  { view: 'dashboard-diagnosis', state: 'warning', model: { ...bare, level: 'warning', cause: 'warning.no_state', fix: 'send_state' } },
]

/** Every cause, for tests of its words. */
export const allCauses = Object.keys(causes) as readonly Cause[]
