import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Api } from '../apis/api.ts'
import { apiSecrets } from '../apis/api-secrets.ts'
import type { GatekeptApi } from '../apis/store.ts'
import type { Context } from '../context.ts'
import { clientCertificate } from '../http/client-certificate.ts'
import { everyHeader } from '../http/every-header.ts'
import { type PresentedProof, presentedProof } from '../http/proof.ts'
import { isFromProxy } from '../http/trusted-proxy.ts'
import { canParseUrl } from '../lib/can-parse-url.ts'
import { sameDigest, sha256 } from '../lib/digest.ts'
import { OAuthError } from '../protocol/error.ts'
import { requireSingles } from './caller-headers.ts'
import { identityHeaders, identityNames } from './identity-headers.ts'
import { judge, spendConsent } from './judge.ts'
import { requireClear } from './target.ts'

// The decision for proxies of others (nginx auth_request, Traefik forwardAuth, Caddy forward_auth, Envoy ext_authz): the same as the
// gatekeeper's own, told in an answer. 200 brings the headers for the API; everything else is 401 or 403, since a proxy takes any other
// status for trouble of its own.

/** What the proxy's own caller asked for. */
export interface Original {
  readonly method: string
  /** Path and query. */
  readonly uri: string
}

function forbidden(description: string, detail: string): OAuthError {
  return new OAuthError('access_denied', description, { status: 403, detail: `gatekeeper.${detail}` })
}

const METHOD = /^[A-Z]{1,20}$/

/** Whoever asks could say that it was an OPTIONS request, which comes in without a token: so only a proxy that is known is believed. */
function requireProxy(ctx: Context, request: FastifyRequest, { api, sealedSecret }: GatekeptApi): void {
  if (isFromProxy(ctx, request)) return
  const [shown, another] = everyHeader(request, 'x-gatekeeper-secret')
  const secret = api.upstream_auth?.type === 'mtls' ? undefined : apiSecrets.unseal(ctx, api.api_id, sealedSecret)
  if (shown === undefined || another !== undefined || secret === undefined || !sameDigest(sha256(shown), sha256(secret))) throw forbidden('Only a proxy of the operator or one with the secret of the API may ask', 'forward_auth.stranger')
}

/** One value of the two spellings that proxies have; the proxy's caller may have sent the other one, so they must not differ. */
function oneOf(request: FastifyRequest, names: readonly string[]): string {
  const [value, ...others] = names.flatMap((name) => everyHeader(request, name))
  if (value === undefined) throw forbidden('The proxy does not say what was asked: it must send X-Original-Method and X-Original-URI, or X-Forwarded-Method and X-Forwarded-Uri', 'forward_auth.original')
  if (others.some((other) => other !== value)) throw forbidden('The proxy says two things of what was asked', 'forward_auth.two_originals')
  return value
}

/** What was asked, as the headers of a proxy say it. Throws 403. */
export function readOriginal(request: FastifyRequest): Original {
  const method = oneOf(request, ['x-original-method', 'x-forwarded-method'])
  const uri = oneOf(request, ['x-original-uri', 'x-forwarded-uri'])
  if (!METHOD.test(method) || !uri.startsWith('/')) throw forbidden('The proxy does not say what was asked in a way that can be read', 'forward_auth.original')
  return { method, uri }
}

/** A proof must speak of the API by its own name: the host that the proxy was asked under, anybody can make up. */
function proofOf(ctx: Context, request: FastifyRequest, { audience }: Api, { method, uri }: Original): PresentedProof {
  const origin = audience !== undefined && canParseUrl(audience) ? new URL(audience).origin : 'null'
  const path = uri.split('?', 1)[0] ?? ''
  const isShown = isFromProxy(ctx, request) && ctx.config.clientCertificateHeader !== undefined
  return { ...presentedProof(ctx, request), method, urls: origin === 'null' ? [] : [origin + path], certificate: isShown ? clientCertificate(ctx, request) : undefined }
}

/** A refusal as proxies understand it: 401 asks for a token, 403 for nothing. */
function asProxiesHaveIt(error: unknown): unknown {
  if (!(error instanceof OAuthError) || error.status >= 500 || error.status === 401 || error.status === 403) return error
  const { code, description, headers, detail, trace } = error
  return new OAuthError(code, description, { status: headers['www-authenticate'] === undefined ? 403 : 401, headers, trace, ...(detail === undefined ? {} : { detail }) })
}

/** Decides, and answers 200. Throws what the proxy's caller gets. */
export async function decide(ctx: Context, request: FastifyRequest, reply: FastifyReply, gatekept: GatekeptApi, original: Original): Promise<FastifyReply> {
  const { api } = gatekept
  requireProxy(ctx, request, gatekept)
  try {
    requireSingles(request.raw.rawHeaders)
    requireClear(original.uri)
    const caller = await judge(ctx, api, { method: original.method, authorization: request.headers.authorization, proof: () => proofOf(ctx, request, api, original) })
    await spendConsent(ctx, caller)
    const told = await identityHeaders(ctx, api, caller)
    const prefix = ctx.config.gatekeeperHeaderPrefix
    // All of them: a proxy that copies what is there would leave what its caller sent where we say nothing (and Caddy 2.6 writes its own variable's name there).
    for (const name of identityNames) void reply.header(prefix + name, told.get(name) ?? '')
    // Envoy takes these away from its caller's request; the other proxies have to be told in their configuration.
    const absent = identityNames.filter((name) => !told.has(name)).map((name) => prefix + name)
    return await reply.code(200).headers({ 'cache-control': 'no-store', 'x-envoy-auth-headers-to-remove': ['authorization', 'cookie', 'dpop', ...absent].join(',') }).send()
  } catch (error) {
    throw asProxiesHaveIt(error)
  }
}
