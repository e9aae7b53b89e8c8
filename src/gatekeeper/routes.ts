import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { gatekeeperAddresses } from '../apis/gatekeeper-address.ts'
import { findGatekeptApi, type GatekeptApi } from '../apis/store.ts'
import type { Context } from '../context.ts'
import { presentApiError } from '../http/api-errors.ts'
import { gatekeptName } from '../http/gatekeeper-host.ts'
import { type PresentedProof, presentedProof } from '../http/proof.ts'
import { invalidRequest, OAuthError, refine } from '../protocol/error.ts'
import { pointToMetadata, RESOURCE_METADATA, resourceMetadataAddress } from '../protocol/resource-metadata.ts'
import type { Caller } from './admit.ts'
import { OPEN } from './answer-headers.ts'
import { callerHeaders, requireSingles } from './caller-headers.ts'
import { framingText, isUnframed } from './framing.ts'
import { answerWith, askUpstream, exchange, type Outgoing } from './forward.ts'
import { decide, type Original, readOriginal } from './forward-auth.ts'
import { identityHeaders } from './identity-headers.ts'
import { judge, spendConsent } from './judge.ts'
import { answerPreflight, isPreflight } from './preflight.ts'
import { countAnswer, requireRoom, saysToLast } from './lasting.ts'
import { describeApi, serveApiMetadata } from './metadata.ts'
import { watchCall, watchOpenCalls } from './open-calls.ts'
import { readTarget, type Target } from './target.ts'
import { closeTunnels, openTunnel } from './tunnel.ts'
import { acceptUpgrades, waitingSocket } from './upgrades.ts'
import { CallerGone, type Upstream, upstreamOf, watchUpstreams } from './upstream.ts'

// The gatekeeper: a reverse proxy in front of the APIs that are registered here. It takes tokens and gives upstreams a caller they can trust
// (product.md §1.2). It owns the way of a call: address, API, decision, the request made of nothing, the answer. Who may come in is admit.ts;
// what a token stands for is asked at every call and never kept.

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

interface Call {
  readonly ctx: Context
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly gatekept: GatekeptApi
  readonly target: Target
  /** Where the caller found the API: under its own name, or below the issuer. */
  readonly address: string
}

function isByHost({ config }: Context, { raw }: FastifyRequest): boolean {
  return gatekeptName(config.gatekeeperDomain, raw.headers.host) !== undefined
}

async function readCall(ctx: Context, request: FastifyRequest, reply: FastifyReply, prefix = '/gk/'): Promise<Call> {
  const target = readTarget(request.raw.url ?? '', prefix)
  const gatekept = await findGatekeptApi(ctx, target.apiId)
  // A proxy that asks about nobody's API takes a 404 for trouble of its own.
  if (gatekept === undefined) throw new OAuthError('not_found', 'There is no such API', { status: target.path === '' || prefix !== '/gk/' ? 403 : 404 })
  const addresses = gatekeeperAddresses(ctx.config, target.apiId)
  const address = (isByHost(ctx, request) ? addresses[0] : addresses.at(-1)) ?? ''
  return { ctx, request, reply, gatekept, target, address }
}

/** A proof speaks of the address that the API has here, whatever the Host header says. */
function proofOf({ ctx, request, target, address }: Call): PresentedProof {
  const path = target.path.split('?', 1)[0] ?? ''
  const { mtlsUrl, issuer } = ctx.config
  const urls = [address, ...(mtlsUrl === undefined || !address.startsWith(issuer) ? [] : [mtlsUrl + address.slice(issuer.length)])]
  return { ...presentedProof(ctx, request), urls: urls.map((base) => base + path) }
}

/** The request to the upstream: what the caller may say, then what we say. */
async function requestOf({ ctx, request, gatekept: { api }, target }: Call, { base }: Upstream, caller: Caller): Promise<Outgoing> {
  const prefix = ctx.config.gatekeeperHeaderPrefix
  const ours = [...(await identityHeaders(ctx, api, caller))].flatMap(([name, value]) => [prefix + name, value])
  return { method: request.method, path: base + target.path, headers: [...callerHeaders(request.raw.rawHeaders, api, prefix), ...ours] }
}

/** Throws when the caller has gone already: its end, which ends everything that is done for it, is not told a second time. */
function requireThere({ destroyed }: { readonly destroyed: boolean }): void {
  if (destroyed) throw new CallerGone()
}

/** What closes when the call is over. */
function endOf({ request, reply }: Call): Duplex | ServerResponse {
  return waitingSocket(request.raw)?.socket ?? reply.raw
}

/** Who announces a stream has its place from here on, or a hundred at once would all find the last one. */
function takeRoom(call: Call): void {
  const { ctx, request, gatekept } = call
  const isLasting = saysToLast(request.raw)
  requireThere(endOf(call))
  requireRoom(ctx, gatekept.api.api_id, isLasting)
  if (isLasting) countAnswer(ctx, gatekept.api.api_id, endOf(call))
}

async function passOn(call: Call, upstream: Upstream, caller: Caller, isLastUse: boolean): Promise<void> {
  const { ctx, request, reply, gatekept, address } = call
  const outgoing = await requestOf(call, upstream, caller)
  const socket = waitingSocket(request.raw)
  const ends = endOf(call)
  requireThere(ends)
  watchCall(ctx, { apiId: gatekept.api.api_id, method: request.method, caller, isLastUse, end: () => void ends.destroy() }, ends)
  if (socket === undefined && request.headers.expect !== undefined) reply.raw.writeContinue()
  const decided = reply.elapsedTime
  const answer = await askUpstream(upstream, () => {
    // Whoever stood in line may have left it.
    requireThere(ends)
    return socket === undefined ? exchange(upstream, outgoing, request.raw, reply.raw) : openTunnel(ctx, { upstream, outgoing, incoming: request.raw, response: reply.raw, caller: socket })
  })
  const answered = reply.elapsedTime
  reply.hijack()
  if (!saysToLast(request.raw) && !ends.destroyed) countAnswer(ctx, gatekept.api.api_id, ends)
  if (answer === undefined) return
  answerWith(answer, reply.raw, { isBelowIssuer: address.startsWith(`${ctx.config.issuer}/`), upstream: gatekept.api.upstream ?? '', address })
  ctx.metrics.gatekeeperAdded.observe((decided + reply.elapsedTime - answered) / 1000)
}

/** What is refused after the decision: its trace is for those who run the client, and they need to know which API it was. */
function asCallers(error: unknown, caller: Caller, apiId: string): unknown {
  if (!(error instanceof OAuthError)) return error
  const { trace } = error
  return refine(error, { trace: { ...trace, clientId: trace.clientId ?? (caller.is === 'nobody' ? undefined : caller.token.clientId), compared: [{ name: 'api', sent: apiId }, ...(trace.compared ?? [])] } })
}

async function serve(call: Call): Promise<void> {
  const { ctx, request, gatekept } = call
  requireSingles(request.raw.rawHeaders)
  if (isUnframed(request.raw)) throw invalidRequest('The body of the request cannot be told from what follows', { detail: 'gatekeeper.framing', trace: { cause: 'gatekeeper.refused', compared: [{ name: 'Content-Length / Transfer-Encoding', sent: framingText(request.raw) }] } })
  const upstream = upstreamOf(ctx, gatekept)
  if (upstream === undefined) throw new OAuthError('not_found', 'The API is not served here', { status: 404 })
  const caller = await judge(ctx, gatekept.api, { method: request.method, authorization: request.headers.authorization, proof: () => proofOf(call) })
  try {
    if (upstream.circuit.isOpen()) throw new OAuthError('upstream_unavailable', 'The API does not answer at the moment', { status: 502, headers: { 'retry-after': '5' }, detail: 'gatekeeper.circuit silent' })
    takeRoom(call)
    await passOn(call, upstream, caller, await spendConsent(ctx, caller))
  } catch (error) {
    throw asCallers(error, caller, gatekept.api.api_id)
  }
}

/** An API with a name of its own has its metadata there (RFC 9728 §3.1). */
function asksForMetadata({ ctx, request, target }: Call): boolean {
  return request.method === 'GET' && target.path.split('?', 1)[0] === RESOURCE_METADATA && isByHost(ctx, request)
}

async function answer(call: Call): Promise<FastifyReply> {
  const { ctx, request, reply, gatekept, target, address } = call
  if (target.path === '') return decide(ctx, request, reply, gatekept, readOriginal(request))
  if (isPreflight(request)) return answerPreflight(request, reply)
  if (asksForMetadata(call)) return reply.header('cache-control', 'public, max-age=300').send(describeApi(ctx.config, gatekept.api, address))
  await serve(call)
  return reply
}

/**
 * A request that came on its connection before the last one was answered waits for its turn. Nobody tells it when that connection closes, so
 * what was done for it would never end: the API's connections would be held by callers who have left.
 */
function turnOf(response: ServerResponse): Promise<unknown> {
  return new Promise((resolve) => response.once('socket', resolve))
}

async function handle(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  if (reply.raw.socket === null) await turnOf(reply.raw)
  void reply.headers(OPEN)
  const call = await readCall(ctx, request, reply)
  try {
    return await answer(call)
  } catch (error) {
    // What was not read of a body stands between this request and the next one.
    if (!request.raw.complete) void reply.header('connection', 'close')
    throw pointToMetadata(error, resourceMetadataAddress(call.address))
  }
}

/** The decision for a proxy that asks with the very address and method of its caller, behind a prefix (Envoy). */
async function handlePrefixed(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const call = await readCall(ctx, request, reply, '/gk-auth/')
  const original: Original = { method: request.method, uri: call.target.path === '' ? '/' : call.target.path }
  return decide(ctx, request, reply, call.gatekept, original).catch((error: unknown) => {
    throw pointToMetadata(error, resourceMetadataAddress(call.address))
  })
}

function isForApi(ctx: Context, url: string | undefined, host: string | undefined): boolean {
  return url?.startsWith('/gk/') === true || gatekeptName(ctx.config.gatekeeperDomain, host) !== undefined
}

/** A caller that waits with its body is told to go on when it has been let in, and not before. */
function holdContinue(app: FastifyInstance, ctx: Context): void {
  app.server.on('checkContinue', (request, response) => {
    if (!isForApi(ctx, request.url, request.headers.host)) response.writeContinue()
    app.routing(request, response)
  })
}

/** Registers the gatekeeper. */
export async function registerGatekeeper(app: FastifyInstance, ctx: Context): Promise<void> {
  acceptUpgrades(app)
  holdContinue(app, ctx)
  watchOpenCalls(app, ctx)
  watchUpstreams(app, ctx)
  app.addHook('preClose', async () => closeTunnels(ctx))
  await app.register(async (scope) => {
    scope.setErrorHandler((error, request, reply) => presentApiError(ctx, error, request, reply))
    // A body is the upstream's: nothing here reads it.
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    scope.route({ method: [...METHODS], url: '/gk/*', config: { ownDeadline: true }, handler: (request, reply) => handle(ctx, request, reply) })
    scope.route({ method: [...METHODS], url: '/gk-auth/*', handler: (request, reply) => handlePrefixed(ctx, request, reply) })
    serveApiMetadata(scope, ctx)
  })
}
