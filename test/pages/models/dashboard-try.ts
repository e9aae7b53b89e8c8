import type { Case } from './case.ts'
import { desk, hostile, planner, sandbox } from './dashboard.ts'

const around = { desk, address: 'https://login.example.org/dashboard/try', addressesHref: '/dashboard/clients/x/addresses', refused: false, exchanges: [], checks: [] }
const came = { id: 'answer', request: `GET /dashboard/try?code=ptr_ac_${'x'.repeat(80)}&state=${hostile}&iss=https%3A%2F%2Flogin.example.org HTTP/1.1\nHost: login.example.org` } as const

export const dashboardTryCases: readonly Case[] = [
  { view: 'dashboard-try', state: 'to-add', model: { ...around, head: planner, add: { action: '/dashboard/clients/x/try', csrf: 'c' } } },
  { view: 'dashboard-try', state: 'refused', model: { ...around, head: sandbox, refused: true, add: { action: '/dashboard/clients/x/try', csrf: 'c' } }, options: { status: 400 } },
  { view: 'dashboard-try', state: 'ready', model: { ...around, head: planner, startHref: '/oauth/authorization?client_id=x' } },
  { view: 'dashboard-try', state: 'came-back', model: { ...around, head: planner, startHref: '/oauth/authorization?client_id=x', exchanges: [came], checks: [{ name: 'state', value: 'x'.repeat(90), good: true }, { name: 'iss', value: hostile, good: false }], trade: { action: '/dashboard/try/token', csrf: 'c', state: 's', code: 'c', needsSecret: true } } },
  {
    view: 'dashboard-try',
    state: 'traded',
    model: {
      ...around,
      head: planner,
      startHref: '/oauth/authorization?client_id=x',
      exchanges: [
        { id: 'token', request: `POST /oauth/token HTTP/1.1\n\ngrant_type=authorization_code&code=${'x'.repeat(200)}`, answer: { status: 400, good: false, text: `HTTP/1.1 400 Bad Request\n\n{\n  "error": "${hostile}"\n}`, diagnosisHref: '/dashboard/diagnosis/7F3K-92QD' } },
        { id: 'userinfo', request: 'GET /userinfo HTTP/1.1', answer: { status: 200, good: true, text: 'HTTP/1.1 200 OK\n\n{}' } },
      ],
      checks: [{ name: 'nonce', value: hostile, good: true }],
    },
  },
]
