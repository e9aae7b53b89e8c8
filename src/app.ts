import type { FastifyInstance, FastifyRequest } from 'fastify'
import { registerAccount } from './account/routes.ts'
import { registerAdmin } from './admin/routes.ts'
import { addDocumentRule } from './clients/document-rules.ts'
import type { Config } from './config.ts'
import type { Context } from './context.ts'
import { registerDashboard } from './dashboard/routes.ts'
import { registerDemo } from './demo/routes.ts'
import { keepLoginState } from './endpoints/check-session.ts'
import type { Endpoint } from './endpoints/endpoint.ts'
import { endpoints } from './endpoints/index.ts'
import { offered } from './endpoints/offered.ts'
import { registerGatekeeper } from './gatekeeper/routes.ts'
import { presentApiError } from './http/api-errors.ts'
import { acceptCookies } from './http/cookies.ts'
import { acceptForms } from './http/forms.ts'
import { presentPageError } from './http/page-errors.ts'
import { requireOwnHost } from './http/own-host.ts'
import { registerPages } from './http/pages.ts'
import { requireKnownTargets } from './http/path-aliases.ts'
import { createServer } from './http/server.ts'
import { lists, requireSoundLists } from './lists.ts'
import { registerManagement } from './management/routes.ts'
import { OAuthError } from './protocol/error.ts'
import type { Trace } from './protocol/trace.ts'
import { type OpenedContext, portnerVersion } from './open-context.ts'
import { registerTestApproval } from './test-approval.ts'
import { registerTestClock } from './test-clock.ts'
import { refuseNameOfAnother } from './upstream/misleading-name.ts'

// The composition root: what this server is, in order. Which scope a route is registered in decides how its errors look.

type Presenter = typeof presentApiError

async function registerEndpoints(app: FastifyInstance, ctx: Context, answers: Endpoint['answers'], present: Presenter): Promise<void> {
  await app.register(async (scope) => {
    scope.setErrorHandler((error, request, reply) => present(ctx, error, request, reply))
    if (answers === 'people') requireOwnHost(scope, ctx)
    await acceptForms(scope)
    for (const endpoint of endpoints) if (endpoint.answers === answers) await endpoint.register(scope, ctx)
  })
}

/** A path that is not ours. Of all of them the metadata's is the one that clients get wrong (RFC 8414 §3.1). */
function nothingHere({ url }: FastifyRequest, issuer: string): OAuthError {
  const path = url.split('?', 1)[0] ?? '/'
  const trace: Trace = path.includes('.well-known') ? { cause: 'discovery.path', compared: [{ name: 'path', sent: path, expected: `${issuer}/.well-known/openid-configuration` }], hints: path.endsWith('/') ? [{ name: 'trailing_slash' }] : [] } : { cause: 'path.unknown', compared: [{ name: 'path', sent: path }] }
  return new OAuthError('not_found', 'There is nothing here', { status: 404, trace })
}

/** The links that stand at the same place of every page, as far as the operator named them. */
function pageLinks({ supportUrl, privacyUrl, accessibilityUrl }: Config): { help?: string; privacy?: string; accessibility?: string } {
  return { ...(supportUrl === undefined ? {} : { help: supportUrl }), ...(privacyUrl === undefined ? {} : { privacy: privacyUrl }), ...(accessibilityUrl === undefined ? {} : { accessibility: accessibilityUrl }) }
}

/** Builds the server of a context, ready to listen. */
export async function buildApp(opened: OpenedContext): Promise<FastifyInstance> {
  requireSoundLists(lists)
  const { ctx, moveClock } = opened
  const { config } = ctx
  addDocumentRule(ctx, refuseNameOfAnother)
  const app = createServer(ctx)
  await acceptCookies(app)
  keepLoginState(app, ctx)
  registerPages(app, { serviceName: config.serviceName, demo: config.demo, https: config.issuer.startsWith('https:'), pseudoLocales: config.testClock, links: pageLinks(config) })
  app.setErrorHandler((error, request, reply) => presentPageError(ctx, error, request, reply))
  app.setNotFoundHandler((request, reply) => presentPageError(ctx, nothingHere(request, config.issuer), request, reply))
  await registerEndpoints(app, ctx, 'machines', presentApiError)
  await registerManagement(app, ctx, { offered, version: portnerVersion() })
  await registerEndpoints(app, ctx, 'people', presentPageError)
  await registerGatekeeper(app, ctx)
  await registerAccount(app, ctx)
  await registerDashboard(app, ctx)
  await registerAdmin(app, ctx, portnerVersion())
  if (config.demo) await registerDemo(app, ctx)
  if (moveClock !== undefined) {
    registerTestClock(app, ctx, moveClock)
    registerTestApproval(app, ctx)
  }
  requireKnownTargets(app, config.pathAliases)
  await app.ready()
  return app
}
