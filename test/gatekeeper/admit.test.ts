import { describe, expect, test } from 'vitest'
import { type Api, apiSchema } from '../../src/apis/api.ts'
import { admit } from '../../src/gatekeeper/admit.ts'
import { plainValue } from '../../src/gatekeeper/identity-headers.ts'
import type { InspectedToken } from '../../src/tokens/inspect.ts'

// The decision as a table: proxy and forward-auth both ask it, so what stands here holds for both.

const where = { issuer: 'https://auth.example.org', gatekeeperDomain: 'gk.example.org' }
const PERSON = { subject: { userId: 'ada', claims: {}, groups: [] }, sessionId: undefined, authTime: 0, details: {} }

const api = (more: object = {}): Api => apiSchema.parse({ api_id: 'calendar', name: 'Calendar', audience: 'https://calendar.example.org', ...more })
const token = (more: Partial<InspectedToken> = {}): InspectedToken => ({ tokenId: 't', clientKey: '1', clientId: 'agenda', scopes: ['gk_calendar'], audience: [], expiresAt: 0, person: PERSON, format: 'opaque', confirmation: undefined, actor: undefined, authorizationDetails: [], ...more })
const system = token({ person: undefined })

describe('who comes in', () => {
  test.each([
    // the API says, the method, the token, what comes of it
    [{}, 'GET', token(), 'user'],
    [{}, 'GET', system, 'system'],
    [{}, 'GET', undefined, '401'],
    [{}, 'OPTIONS', undefined, 'nobody'],
    [{}, 'OPTIONS', token(), 'user'],
    [{}, 'OPTIONS', token({ scopes: [] }), '403 insufficient_scope'],
    [{ allow_unauthenticated: true }, 'GET', undefined, 'nobody'],
    [{ allow_unauthenticated: true }, 'GET', token(), 'user'],
    [{ allow_unauthenticated: true }, 'GET', token({ scopes: ['openid'] }), '403 insufficient_scope'],
    [{}, 'GET', token({ scopes: ['gk_library', 'gk_calendar_write', 'gk_calendars'] }), '403 insufficient_scope'],
    [{}, 'GET', token({ audience: ['https://calendar.example.org'] }), 'user'],
    [{}, 'GET', token({ audience: ['https://auth.example.org/gk/calendar'] }), 'user'],
    [{}, 'GET', token({ audience: ['https://calendar.gk.example.org'] }), 'user'],
    [{}, 'GET', token({ audience: ['https://other.example', 'https://calendar.example.org'] }), 'user'],
    [{}, 'GET', token({ audience: ['https://library.example.org'] }), '401 invalid_token'],
    [{}, 'GET', token({ audience: ['https://auth.example.org'] }), '401 invalid_token'],
    [{ require_user: true }, 'GET', token(), 'user'],
    [{ require_user: true }, 'GET', system, '403 insufficient_scope'],
    [{ require_user: true }, 'OPTIONS', undefined, 'nobody'],
    [{ grant_types: ['authorization_code'] }, 'GET', system, '403 insufficient_scope'],
    [{ grant_types: ['authorization_code'] }, 'GET', token(), 'user'],
    [{ grant_types: ['authorization_code', 'client_credentials'] }, 'GET', system, 'system'],
  ] as const)('%j, %s', (says, method, shown, outcome) => {
    const admission = admit(where, api(says), { method, token: shown })
    if (admission.admitted) expect(admission.caller.is).toBe(outcome)
    else expect(outcome).toBe(`${admission.refusal.status}${(admission.refusal.headers['www-authenticate'] ?? '').includes('error=') ? ` ${admission.refusal.code}` : ''}`)
  })

  test('a refusal is in the scheme of the token, and says which scope would do', () => {
    const bound = admit(where, api(), { method: 'GET', token: token({ scopes: [], confirmation: 'jkt:x' }) })
    expect(bound.admitted ? '' : bound.refusal.headers['www-authenticate']).toMatch(/^DPoP error="insufficient_scope".*scope="gk_calendar"/)
  })
})

test('what others wrote can end neither a header nor a list', () => {
  expect(['staff', 'a,b', 'x\r\nX-Admin: 1', 'Lærer', '\ud800', 'fc:org:ntu.example', '100%'].map(plainValue)).toEqual(['staff', 'a%2Cb', 'x%0D%0AX-Admin:%201', 'L%C3%A6rer', '%EF%BF%BD', 'fc:org:ntu.example', '100%25'])
})
