import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { consentOf, openStage, type Program, type Stage } from './stage.ts'

// The document is the contract: everything here is read off it. Each operation is asked without a token, with a token that may not, by a
// stranger, and as its own example says; what it answers must be what it promises.

interface Described {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly security: readonly { readonly portner: readonly string[] }[]
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly example: Readonly<Record<string, unknown>> }>> }
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>>; readonly headers?: object }>>
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}

const DECLARED = `kind: authorization_details_type
type: room
title: Rooms
schema: { type: object }
---
kind: trusted_issuer
issuer: https://sts.example.org
accepts: [authorization_grants]
jwks_uri: https://sts.example.org/jwks
`

let stage: Stage
let document: OpenApi
let manager: Program
let narrow: Program
let stranger: Program
/** What stands in the braces of a path: something of ntu, until an example has made its own. */
const ids: Record<string, string> = { client_id: 'planner', api_id: 'calendar', organization_id: 'ntu', provider_id: 'ntu', scope: 'debt.unsecured.presentation', type: 'room', issuer: 'https://sts.example.org' }
/** Examples that name somebody who cannot be known beforehand. */
const examples: Record<string, object> = {}
/** What everybody may read and operators alone change. */
const OPEN = ['scopes', 'authorization-details-types']

beforeAll(async () => {
  // Mails are kept to be sent; nobody takes them.
  stage = await openStage({ PORTNER_MAIL_URL: 'smtp://127.0.0.1:1', PORTNER_MAIL_FROM: 'post@auth.example.org' })
  document = (await (await fetch(`${stage.server.issuer}/api/openapi.json`)).json()) as OpenApi
  ;[manager, narrow, stranger] = await Promise.all([stage.program('manager'), stage.program('narrow'), stage.program('lunmal-manager')])
  ids['user_id'] = stage.userIds.lin
  ids['realm'] = 'ntu.example'
  ids['consent_id'] = await consentOf(stage)
  await stage.server.apply(DECLARED)
  const refused = await fetch(`${stage.server.issuer}/oauth/authorization?client_id=planner&redirect_uri=https://elsewhere.example`, { headers: { accept: 'application/json' } })
  ids['reference'] = refused.headers.get('x-request-id') ?? ''
  examples['addOperator'] = { user_id: stage.userIds.kai }
  examples['addMember'] = { user_id: stage.userIds.kai, role: 'developer' }
})
afterAll(() => stage.close())

/** What an example needs that the one before it has used up. */
const before: Readonly<Record<string, () => Promise<unknown>>> = {
  refuseOffer: () => manager.call('PUT', filled('/api/clients/{client_id}/transfer'), { body: { to: 'ntu' } }),
  // Nothing is sent to who is locked out.
  sendReset: async () => manager.call('PATCH', filled('/api/users/{user_id}'), { body: { status: 'active' }, headers: { 'if-match': (await manager.call('GET', filled('/api/users/{user_id}'))).headers.get('etag') ?? '' } }),
}

function operations(): readonly (readonly [string, string, Described])[] {
  return Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, described]) => [method.toUpperCase(), path, described] as const))
}

function filled(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(ids[name] ?? 'nothing'))
}

function templateOf(described: Described): string {
  return operations().find(([, , one]) => one === described)?.[1] ?? ''
}

function exampleOf({ operationId, requestBody }: Described): object | undefined {
  return examples[operationId] ?? Object.values(requestBody?.content ?? {})[0]?.example
}

function headersOf({ parameters }: Described, tag: string): Readonly<Record<string, string>> {
  return parameters.some(({ name }) => name === 'If-Match') ? { 'if-match': tag } : {}
}

describe('the document', () => {
  test('is OpenAPI 3.1, for everybody, and names the scopes', async () => {
    const response = await fetch(`${stage.server.issuer}/api/openapi.json`)
    expect([response.status, response.headers.get('content-type'), response.headers.get('access-control-allow-origin')]).toEqual([200, 'application/json; charset=utf-8', '*'])
    const validator = new Validator()
    const result = await validator.validate((await response.json()) as Record<string, unknown>)
    expect(result.errors ?? []).toEqual([])
    expect([result.valid, validator.version]).toEqual([true, '3.1'])
  })

  test('has an operation of its own name for each, and every parameter of its path', () => {
    const names = operations().map(([, , { operationId }]) => operationId)
    expect(new Set(names).size).toBe(names.length)
    for (const [, path, { parameters }] of operations()) expect(parameters.filter((one) => one.in === 'path').map(({ name }) => name)).toEqual([...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]))
  })
})

describe('each operation', () => {
  test('without a token is 401 with a challenge', async () => {
    for (const [method, path, described] of operations()) {
      const example = exampleOf(described)
      const response = await fetch(`${stage.server.issuer}${filled(path)}`, { method, ...(example === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(example) }) })
      expect([described.operationId, response.status, response.headers.get('www-authenticate')?.startsWith('Bearer')]).toEqual([described.operationId, 401, true])
    }
  })

  test('with a token that has not its scope is 403, and the challenge names the scope', async () => {
    for (const [method, path, described] of operations()) {
      const [scope] = described.security[0]?.portner ?? []
      if (scope === undefined) continue
      const { status, headers, body } = await narrow.call(method, filled(path), { body: exampleOf(described), headers: headersOf(described, '"x"') })
      expect([described.operationId, status, (body as { error: string }).error]).toEqual([described.operationId, 403, 'insufficient_scope'])
      expect(headers.get('www-authenticate')).toContain(`scope="${scope}"`)
    }
  })

  test('of somebody else’s thing is 404 to an admin of another organization, or 403 where there is nothing to hide', async () => {
    for (const [method, path, described] of operations()) {
      const isOpen = OPEN.includes(described.tags[0] ?? '')
      if (!path.includes('{') || (isOpen && method === 'GET')) continue
      const { status, body } = await stranger.call(method, filled(path), { body: exampleOf(described), headers: headersOf(described, '"x"') })
      expect([described.operationId, status, (body as { error: string }).error]).toEqual([described.operationId, ...(isOpen ? [403, 'access_denied'] : [404, 'not_found'])])
    }
  })

  test('answers its own example with what it promises', async () => {
    const ajv = new Ajv2020({ strict: false, allErrors: true })
    formats.default(ajv)
    ajv.addSchema({ $id: 'openapi', components: document.components })
    const later: (readonly [string, string, Described])[] = []
    const all = operations().map(([method, path, described]) => [method, path, described] as const)
    const asked = async (method: string, path: string, described: Described): Promise<void> => {
      const tag = method === 'GET' || method === 'POST' ? '' : ((await manager.call('GET', path)).headers.get('etag') ?? '')
      await before[described.operationId]?.()
      const answered = await manager.call(method, path, { body: exampleOf(described), headers: headersOf(described, tag) })
      const [promised = '', response] = Object.entries(described.responses).find(([status]) => status.startsWith('2')) ?? []
      expect([described.operationId, answered.status, answered.status === Number(promised) ? '' : answered.text]).toEqual([described.operationId, Number(promised), ''])
      const schema = response?.content?.['application/json']?.schema as { $ref: string } | undefined
      if (schema !== undefined) {
        const validate = ajv.compile({ $ref: `openapi${schema.$ref}` })
        expect([described.operationId, validate(answered.body) ? [] : validate.errors]).toEqual([described.operationId, []])
      } else expect([described.operationId, answered.text]).toEqual([described.operationId, ''])
      // What the example made is what the next ones are about.
      const made = answered.headers.get('location')?.split('/').at(-1)
      const name = Object.keys(document.paths).map((one) => /\{(\w+)\}$/.exec(one)?.[1] ?? '').find((one) => made !== undefined && document.paths[`${templateOf(described)}/{${one}}`] !== undefined)
      if (made !== undefined && name !== undefined) ids[name] = decodeURIComponent(made)
    }
    for (const [method, path, described] of all) {
      // What is removed is removed last, and the other way round.
      if (method === 'DELETE') later.unshift([method, filled(path), described])
      else await asked(method, filled(path), described)
    }
    for (const [method, path, described] of later) {
      // Secrets are told apart by ids that only their list has.
      const { items: [secret] = [] } = (described.operationId === 'retireSecret' ? (await manager.call('GET', path.slice(0, path.lastIndexOf('/')))).body : {}) as { items?: readonly { secret_id: string }[] }
      await asked(method, secret === undefined ? path : path.replace(/[^/]+$/, secret.secret_id), described)
    }
  })
})
