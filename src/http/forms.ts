import formbody from '@fastify/formbody'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { invalidRequest, OAuthError } from '../protocol/error.ts'
import { emptyForm, type Form, parseForm, requireOnce } from '../protocol/form.ts'
import { parseJsonForm } from '../protocol/json-form.ts'

interface ReadForm {
  readonly form: Form | OAuthError
  /** It came as a JSON object. */
  readonly json?: true
}

// The parser must not throw inside the framework: its verdict travels with the body and is thrown by bodyForm.
function read(text: string, parse: (text: string) => Form): ReadForm {
  try {
    return { form: parse(text) }
  } catch (error) {
    if (error instanceof OAuthError) return { form: error }
    throw error
  }
}

/** Form bodies, read strictly, for the routes of this scope. */
export async function acceptForms(app: FastifyInstance): Promise<void> {
  await app.register(formbody, { parser: (text: string) => ({ ...read(text, parseForm) }) })
}

/** The same parameters as a flat JSON object of strings, for the routes of this scope. Which clients may send them so is the route's to ask. */
export function acceptJsonForms(app: FastifyInstance): void {
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, { ...read(String(body), parseJsonForm), json: true }))
}

export function isJsonForm(request: FastifyRequest): boolean {
  return (request.body as ReadForm | undefined | null)?.json === true
}

/** The parameters of a form body, each once. Throws `invalid_request`. */
export function bodyForm(request: FastifyRequest): Form {
  return requireOnce(anyBodyForm(request))
}

/** The parameters of a form body; the caller judges those that are repeated. Throws `invalid_request`. */
export function anyBodyForm(request: FastifyRequest): Form {
  const body = request.body as ReadForm | undefined | null
  const form = body?.form ?? emptyForm
  if (form instanceof OAuthError) throw form
  return form
}

/** Whatever parameters a request has that can be read, of query and body; none where they cannot. */
export function readableForms(request: FastifyRequest): readonly Form[] {
  const body = (request.body as Partial<ReadForm> | undefined | null)?.form
  const query = read(request.raw.url?.split('?')[1] ?? '', parseForm).form
  return [query, body].filter((form): form is Form => form !== undefined && !(form instanceof OAuthError))
}

/** The parameters of the query, each once. Throws `invalid_request`. */
export function queryForm(request: FastifyRequest): Form {
  return requireOnce(anyQueryForm(request))
}

/** The parameters of the query; the caller judges those that are repeated. Throws `invalid_request`. */
export function anyQueryForm(request: FastifyRequest): Form {
  const url = request.raw.url ?? ''
  const at = url.indexOf('?')
  return at < 0 ? emptyForm : parseForm(url.slice(at + 1))
}

/** Refuses parameters in the address of an endpoint that reads the body only (RFC 6749 §3.2): an address ends up in logs. */
export function refuseQuery(request: FastifyRequest): void {
  const { single, repeatable, repeated } = anyQueryForm(request)
  if (single.size + repeatable.size + repeated.size > 0) throw invalidRequest('Parameters belong in the body, not in the address', { trace: { cause: 'request.query', hints: [{ name: 'in_the_address' }] } })
}
