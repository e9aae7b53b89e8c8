import { z } from 'zod'
import type { Named, Operation } from './operation.ts'

// Owns the OpenAPI 3.1 document: every operation, parameter, schema, refusal and scope, read off the list that the routes are made of. Nothing
// is written here that could be forgotten there.

type Json = Readonly<Record<string, unknown>>

const VERSION = '1.0.0'

const problem = z.object({
  error: z.string().describe('A word that stays; what to do depends on it'),
  error_description: z.string().describe('A sentence for whoever writes the program'),
  error_reason: z.string().optional(),
  faults: z.array(z.object({ path: z.string().describe('The member, as in redirect_uris[0]'), message: z.string() })).optional().describe('Everything that is wrong with what was sent'),
})

/** The refusals that any operation may have, with what is to be said of each. */
const REFUSALS: Readonly<Record<number, string>> = {
  400: 'Something that was sent is wrong; `faults` names every member',
  401: 'There is no token, or it is not good here',
  403: 'The token has not this scope, or the role does not allow it',
  404: 'There is no such thing, or not for this caller',
  409: 'It does not go with what there is',
  412: 'It is another one by now than the one that was seen',
  413: 'The body is too large',
  415: 'The content type is not JSON',
  422: 'The Idempotency-Key was used for another request',
  428: 'If-Match is missing',
  429: 'Too many requests; Retry-After says when to go on',
  503: 'The database cannot be asked now; Retry-After says when to try again',
}

function toJsonSchema(schema: z.ZodType): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', target: 'draft-2020-12' })
  return rest
}

const SECRET: Json = { writeOnly: true, anyOf: [{ type: 'string' }, ...['value', 'hash'].map((way) => ({ type: 'object', properties: { [way]: { type: 'string' } }, required: [way], additionalProperties: false })), { type: 'object', properties: { generate: { const: true } }, required: ['generate'], additionalProperties: false }] }

/** Every form that an object may have, with one member more. */
function withSecret(schema: Json, member: string): Json {
  for (const branches of ['anyOf', 'oneOf']) {
    const forms = schema[branches]
    if (Array.isArray(forms)) return { ...schema, [branches]: forms.map((form: Json) => withSecret(form, member)) }
  }
  return { ...schema, properties: { ...(schema['properties'] as Json | undefined), [member]: SECRET } }
}

function reference(name: string): Json {
  return { $ref: `#/components/schemas/${name}` }
}

function statusesOf({ body, changes, method, refusals = [] }: Operation): readonly number[] {
  const always = [400, 401, 403, 429, 503]
  return [...always, ...refusals, ...(body === undefined ? [] : [413, 415]), ...(changes === true ? [412, 428] : []), ...(method === 'POST' ? [409, 422] : [])].filter((status, i, all) => all.indexOf(status) === i).toSorted()
}

function parametersOf({ path, query, changes, method }: Operation): readonly Json[] {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } }))
  const { properties = {}, required = [] }: { readonly properties?: Readonly<Record<string, Json>>; readonly required?: readonly string[] } = query === undefined ? {} : toJsonSchema(query)
  const inQuery = Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', required: required.includes(name), schema }))
  return [
    ...inPath,
    ...inQuery,
    ...(changes === true ? [{ name: 'If-Match', in: 'header', required: true, description: 'The ETag of what was seen', schema: { type: 'string' } }] : []),
    ...(method === 'POST' ? [{ name: 'Idempotency-Key', in: 'header', required: false, description: 'Names this request: the same one again gets the same answer for 24 hours', schema: { type: 'string', minLength: 1, maxLength: 255 } }] : []),
  ]
}

function answerOf({ answer, method }: Operation): Json {
  const etag = { ETag: { description: 'The version, for If-Match', schema: { type: 'string' } } }
  const location = { Location: { description: 'Where it is', schema: { type: 'string', format: 'uri' } } }
  const headers = { ...(answer.versioned === true ? etag : {}), ...(method === 'POST' && answer.status === 201 && answer.versioned === true ? location : {}) }
  return {
    description: answer.description,
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(answer.schema === undefined ? {} : { content: { 'application/json': { schema: reference(answer.schema.name) } } }),
  }
}

function bodyOf({ body, id }: Operation): Json | undefined {
  if (body === undefined) return undefined
  const schema = body.described === undefined ? reference(`${id}Request`) : reference(body.described.name)
  return { required: true, content: { [body.mediaType ?? 'application/json']: { schema, example: body.example } } }
}

function describe(operation: Operation): Json {
  const { id, summary, scope, path } = operation
  const requestBody = bodyOf(operation)
  const refusals = Object.fromEntries(statusesOf(operation).map((status) => [String(status), { $ref: `#/components/responses/${status}` }]))
  return {
    operationId: id,
    summary,
    tags: [path.split('/')[2] ?? ''],
    security: [{ portner: scope === undefined ? [] : [scope] }],
    parameters: parametersOf(operation),
    ...(requestBody === undefined ? {} : { requestBody }),
    responses: { [String(operation.answer.status)]: answerOf(operation), ...refusals },
  }
}

function schemasOf(operations: readonly Operation[]): Readonly<Record<string, Json>> {
  const named: Named[] = [{ name: 'Problem', schema: problem }]
  for (const { id, body, answer } of operations) {
    if (body?.described !== undefined) named.push(body.described)
    else if (body !== undefined) named.push({ name: `${id}Request`, schema: body.reads })
    if (answer.schema !== undefined) named.push(answer.schema)
  }
  return Object.fromEntries(named.map(({ name, schema, secret }) => [name, secret === undefined ? toJsonSchema(schema) : withSecret(toJsonSchema(schema), secret)]))
}

function securityOf(issuer: string, operations: readonly Operation[]): Json {
  const scopes = Object.fromEntries(operations.flatMap(({ scope }) => (scope === undefined ? [] : [[scope, `The management API: ${scope.replace('portner.', '').replace('.', ', ')}`] as const])))
  const tokenUrl = `${issuer}/oauth/token`
  return { portner: { type: 'oauth2', flows: { clientCredentials: { tokenUrl, scopes }, authorizationCode: { authorizationUrl: `${issuer}/oauth/authorization`, tokenUrl, scopes } } } }
}

/** The document of these operations. */
export function openApiDocument(issuer: string, operations: readonly Operation[]): Json {
  const paths: Record<string, Record<string, Json>> = {}
  for (const operation of operations) paths[operation.path] = { ...paths[operation.path], [operation.method.toLowerCase()]: describe(operation) }
  const used = new Set(operations.flatMap(statusesOf))
  return {
    openapi: '3.1.0',
    info: { title: 'Portner management API', version: VERSION, description: 'Clients, APIs, organizations, providers, people and what happened, for programs. Tokens are asked for with resource set to the issuer.' },
    servers: [{ url: issuer }],
    tags: [...new Set(operations.map(({ path }) => path.split('/')[2] ?? ''))].map((name) => ({ name })),
    paths,
    components: {
      schemas: schemasOf(operations),
      responses: Object.fromEntries(Object.entries(REFUSALS).filter(([status]) => used.has(Number(status))).map(([status, description]) => [status, { description, headers: { 'X-Request-Id': { description: 'The reference that the log has, too', schema: { type: 'string' } } }, content: { 'application/json': { schema: reference('Problem') } } }])),
      securitySchemes: securityOf(issuer, operations),
    },
  }
}
