import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Offered } from '../clients/metadata.ts'
import type { Context } from '../context.ts'
import { presentApiError } from '../http/api-errors.ts'
import { allowAnyOrigin } from '../http/cors.ts'
import { queryForm } from '../http/forms.ts'
import { jsonBody } from '../http/json-body.ts'
import { answerOnce, type KeptAnswer, requireKey } from '../http/kept-answers.ts'
import { refuseOtherMethods } from '../http/methods.ts'
import { presentedProof } from '../http/proof.ts'
import { OAuthError, refusedByLimit } from '../protocol/error.ts'
import { requireMeasure } from '../signin/attempts.ts'
import { readAuthorization, requireLiveToken } from '../tokens/presented-token.ts'
import { type Caller, findCaller, requireAllowed } from './caller.ts'
import { FaultyRequest, toRefusal } from './failure.ts'
import { resources } from './index.ts'
import { openApiDocument } from './openapi.ts'
import type { Answer, Operation } from './operation.ts'
import { entityTag, isKnown, requireMatch } from './preconditions.ts'

// The management API: everything that files declare and operators do, for programs. Owns the order of what is asked of every request: a token
// for this server, a scope, not too many, the version that was seen, and that a repeated request does nothing twice. It owns no rule about the
// things themselves: those are the same for files, pages and this (declarations/change.ts, organizations/can.ts).

const PREFIX = '/api'
const DOCUMENT = '/openapi.json'
const BODY_BYTES = 1024 * 1024
/** Of one caller. */
const MEASURE = { most: 1200, seconds: 60 }

/** Below the prefix, as Fastify writes parameters. */
function routeOf({ path }: Operation): string {
  return path.slice(PREFIX.length).replaceAll(/\{(\w+)\}/g, ':$1')
}

function render({ status, body, version, location }: Answer, issuer: string): KeptAnswer {
  return {
    status,
    headers: { ...(version === undefined ? {} : { etag: entityTag(version) }), ...(location === undefined ? {} : { location: `${issuer}${location}` }) },
    body: body === undefined ? '' : JSON.stringify(body),
  }
}

function send(reply: FastifyReply, { status, headers, body }: KeptAnswer): FastifyReply {
  void reply.code(status).headers({ ...headers, 'cache-control': 'no-store' })
  return body === '' ? reply.send() : reply.type('application/json; charset=utf-8').send(body)
}

function textOf(request: FastifyRequest): string {
  const body = request.body as { readonly json?: string } | null | undefined
  return body?.json ?? ''
}

/** What every operation may know of the server. */
interface Server {
  readonly offered: Offered
  /** Of this build. */
  readonly version: string
}

async function answer(ctx: Context, operation: Operation, caller: Caller, server: Server, request: FastifyRequest): Promise<KeptAnswer> {
  const call = { ctx, caller, ...server, params: request.params as Readonly<Record<string, string>>, query: undefined, body: undefined, expected: operation.changes === true ? requireMatch(request.headers['if-match']) : undefined }
  const raw = { query: Object.fromEntries(queryForm(request).single), body: operation.body === undefined ? undefined : jsonBody(request) }
  const work = async (): Promise<KeptAnswer> => render(await operation.run(call, raw), ctx.config.issuer)
  const key = request.headers['idempotency-key']
  if (operation.method !== 'POST' || key === undefined) return work()
  const named = { caller: `${caller.clientId} ${caller.actor.userId}`, key: requireKey(String(key)), content: JSON.stringify([operation.method, request.url, textOf(request)]) }
  return answerOnce(ctx, named, work)
}

function isWrongType(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE'
}

// The one presenter of errors for machines tells the faults, too.
function tellFaults(scope: FastifyInstance, ctx: Context): void {
  const told = new WeakMap<FastifyRequest, FaultyRequest>()
  scope.setErrorHandler((thrown, request, reply) => {
    const error = isWrongType(thrown) ? refusedByLimit(415, 'Send application/json') : toRefusal(thrown)
    if (error instanceof FaultyRequest) told.set(request, error)
    return presentApiError(ctx, error, request, reply)
  })
  scope.addHook('preSerialization', (request, _reply, payload, done) => {
    const faults = told.get(request)?.faults
    done(null, faults === undefined || typeof payload !== 'object' || payload === null ? payload : { ...payload, faults })
  })
}

function registerOperation(scope: FastifyInstance, ctx: Context, server: Server, operation: Operation): void {
  const callers = new WeakMap<FastifyRequest, Caller>()
  scope.route({
    method: operation.method,
    url: routeOf(operation),
    bodyLimit: BODY_BYTES,
    // Before the body is read: who may not come in need not send a megabyte.
    onRequest: async (request) => {
      const token = await requireLiveToken(ctx, readAuthorization(request.headers.authorization), () => presentedProof(ctx, request))
      const caller = await findCaller(ctx, token)
      await requireAllowed(ctx, caller, operation)
      await requireMeasure(ctx, `api/${caller.clientId}/${caller.actor.userId}`, MEASURE, 'Too many requests')
      callers.set(request, caller)
    },
    handler: async (request, reply) => {
      const caller = callers.get(request)
      if (caller === undefined) throw new Error('a request without a caller')
      const kept = await answer(ctx, operation, caller, server, request)
      const tag = kept.headers['etag']
      if (operation.method === 'GET' && tag !== undefined && isKnown(request.headers['if-none-match'], tag.slice(1, -1))) return reply.code(304).headers({ etag: tag, 'cache-control': 'no-store' }).send()
      return send(reply, kept)
    },
  })
}

/** Adds `/api/…` to a server. */
export async function registerManagement(app: FastifyInstance, ctx: Context, server: Server): Promise<void> {
  const operations = resources.flatMap((resource) => resource(server.offered))
  await app.register(
    async (scope) => {
      tellFaults(scope, ctx)
      for (const type of ['application/json', 'application/merge-patch+json']) scope.addContentTypeParser(type, { parseAs: 'string' }, (_request, body, done) => done(null, { json: String(body) }))
      scope.setNotFoundHandler((request, reply) => presentApiError(ctx, new OAuthError('not_found', 'There is no such thing', { status: 404 }), request, reply))
      for (const operation of operations) registerOperation(scope, ctx, server, operation)
      for (const route of new Set(operations.map(routeOf))) refuseOtherMethods(scope, route, operations.filter((operation) => routeOf(operation) === route).map(({ method }) => method))
      // It takes long to make, and most servers are never asked for it.
      let document: string | undefined
      scope.get(DOCUMENT, async (_request, reply) => {
        document ??= JSON.stringify(openApiDocument(ctx.config.issuer, operations))
        allowAnyOrigin(reply)
        return reply.header('cache-control', 'public, max-age=300').type('application/json; charset=utf-8').send(document)
      })
      refuseOtherMethods(scope, DOCUMENT, ['GET'])
    },
    { prefix: PREFIX },
  )
}
