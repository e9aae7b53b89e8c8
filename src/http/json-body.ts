import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isFit } from '../lib/fit-text.ts'
import { invalidRequest } from '../protocol/error.ts'

/** JSON bodies for the routes of this scope; they are read by jsonBody. */
export function acceptJson(app: FastifyInstance): void {
  // The text is parsed by jsonBody: what is wrong with it is our caller's to hear in our words.
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, { json: String(body) }))
}

/** The object in a JSON body. Throws `invalid_request`, also for text that nobody can keep. Members that reach for an object's prototype are not taken. */
export function jsonBody(request: FastifyRequest): Readonly<Record<string, unknown>> {
  const body = request.body as { readonly json?: string } | null | undefined
  try {
    const value: unknown = JSON.parse(body?.json ?? '')
    if (typeof value === 'object' && value !== null && !Array.isArray(value) && isFit(value)) return Object.fromEntries(Object.entries(value).filter(([name]) => name !== '__proto__'))
  } catch {
    // Said below.
  }
  throw invalidRequest('The body is not a JSON object', { trace: { cause: 'request.unreadable' } })
}
