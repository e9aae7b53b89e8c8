import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Client } from '../../clients/client.ts'
import type { Context } from '../../context.ts'
import { formToken, requireOwnForm } from '../../http/csrf.ts'
import type { PasskeyForm } from '../../http/factor-views.ts'
import { bodyForm, queryForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import type { Form } from '../../protocol/form.ts'
import { ACR_TWO_FACTORS } from '../../protocol/acr.ts'
import type { Connector, PasswordConnector } from '../../upstream/connector.ts'
import { openConnector } from '../../upstream/open.ts'
import type { ProviderFacts } from '../../upstream/provider.ts'
import { findAcceptedProvider } from '../../upstream/store.ts'
import { mayOfferPasskey } from '../../users/factor-preferences.ts'
import { findUser } from '../../users/store.ts'
import type { User } from '../../users/user.ts'
import { assertionOptions, takeAssertion } from '../../users/webauthn.ts'
import { factorsOf } from '../factors-of.ts'
import { type Progress, updateProgress } from '../store.ts'
import { signIn } from './sign-in.ts'
import { isVisit, type Rails, type Visit } from './step.ts'

// A passkey in the place of name and password, for accounts that are kept here: the device says who it is, and has made sure that it is its
// owner who says so. It is two factors in one gesture. Whom the form of name and password would not let in comes in here no more.

const NAME = 'passkey'

type Holder = PasswordConnector & Required<Pick<PasswordConnector, 'holds'>>

function holdsAccounts(connector: Connector): connector is Holder {
  return connector.kind === 'password' && connector.holds !== undefined
}

function subject(visit: Visit, { provider }: ProviderFacts): string {
  return `${NAME}/${visit.browserId}/${visit.interaction.id}/${provider.provider_id}`
}

function address(rails: Rails, visit: Visit, { provider }: ProviderFacts, step: string): string {
  return `${rails.path(visit, step)}?provider=${encodeURIComponent(provider.provider_id)}`
}

/** What the sign-in page needs to offer a passkey; nothing at a provider that keeps its accounts elsewhere. */
export function passkeyForm(ctx: Context, rails: Rails, visit: Visit, facts: ProviderFacts, connector: Connector): PasskeyForm | undefined {
  if (!holdsAccounts(connector)) return undefined
  return { action: address(rails, visit, facts, NAME), csrf: formToken(ctx, subject(visit, facts)), optionsHref: address(rails, visit, facts, 'passkey-options'), troubleHref: rails.path(visit, 'passkey-trouble') }
}

interface Place {
  readonly facts: ProviderFacts
  readonly connector: Holder
}

async function placeOf(ctx: Context, request: FastifyRequest, { journey }: Visit): Promise<Place | undefined> {
  const facts = await findAcceptedProvider(ctx, journey.client.metadata.login_providers, queryForm(request).single.get('provider') ?? '')
  const connector = facts && openConnector(ctx, facts)
  return facts !== undefined && connector !== undefined && holdsAccounts(connector) ? { facts, connector } : undefined
}

type Failure = NonNullable<Progress['failure']>['error']

/** Whose passkey it is, or why nobody is signed in. */
async function verify(ctx: Context, request: FastifyRequest, visit: Visit, { facts, connector }: Place): Promise<{ readonly user: User; readonly amr: readonly string[] } | Failure> {
  const { provider_id: providerId } = facts.provider
  const proven = await takeAssertion(ctx, bodyForm(request).single.get('credential') ?? '', { subject: subject(visit, facts), requireUserVerification: true })
  const user = proven && (await findUser(ctx.db, proven.passkey.userId))
  if (proven === undefined || user === undefined || !connector.holds(user)) {
    ctx.audit.record({ event: 'login.failed', providerId, reason: 'passkey' })
    return 'passkey'
  }
  if (user.status === 'locked') {
    ctx.audit.record({ event: 'login.failed', providerId, userId: user.userId, reason: 'locked' })
    return 'locked'
  }
  return { user, amr: [...proven.amr, 'mfa'] }
}

async function arrive(ctx: Context, request: FastifyRequest, reply: FastifyReply, rails: Rails, visit: Visit, place: Place): Promise<FastifyReply> {
  const { provider_id: providerId } = place.facts.provider
  const result = await verify(ctx, request, visit, place)
  ctx.metrics.logins.inc({ method: NAME, result: typeof result === 'string' ? result : 'good' })
  if (typeof result === 'string') {
    await updateProgress(ctx, visit.interaction.id, { failure: { error: result, providerId, username: '' } })
    return goTo(reply, address(rails, visit, place.facts, 'login'))
  }
  const { user, amr } = result
  const remembered = bodyForm(request).single.get('shared_computer') !== '1'
  const signedIn = await signIn(ctx, reply, visit, { user, providerId, acr: ACR_TWO_FACTORS, amr, remembered })
  return rails.proceed(request, reply, signedIn, { chosen: user.userId, signedIn: user.userId, other: false, failure: null })
}

/** Whether a person who has just typed a password shall be offered a passkey: on a device that can make one, without any other proof yet, and not where they could make one themselves. */
export async function shallOfferPasskey(ctx: Context, form: Form, connector: Connector, client: Client, user: User): Promise<boolean> {
  if (form.single.get('webauthn') !== 'platform' || !holdsAccounts(connector) || client.metadata.redirect_uris.some((uri) => uri.startsWith(`${ctx.config.issuer}/account/`))) return false
  return (await factorsOf(ctx, user)).length === 0 && mayOfferPasskey(ctx, user.userId)
}

const ERROR_NAME = /^[A-Za-z]{1,40}$/

export function passkeyLoginPages(app: FastifyInstance, ctx: Context, rails: Rails): void {
  app.get<{ Params: { id: string } }>('/signin/:id/passkey-options', async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const place = await placeOf(ctx, request, visit)
    if (place === undefined) return reply.code(404).send({})
    return reply.header('cache-control', 'no-store').send(await assertionOptions(ctx, subject(visit, place.facts)))
  })

  app.post<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const place = await placeOf(ctx, request, visit)
    if (place === undefined) return goTo(reply, rails.path(visit, 'login'))
    requireOwnForm(ctx, request, bodyForm(request), subject(visit, place.facts))
    return arrive(ctx, request, reply, rails, visit, place)
  })
  // Whoever reloads or comes back to the address of the form.
  app.get<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    return isVisit(visit) ? rails.proceed(request, reply, visit, {}) : visit
  })

  // What the browser said when no passkey came of it (pages.md K-04): for the operator, never for the page.
  app.post<{ Params: { id: string } }>('/signin/:id/passkey-trouble', async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const name = bodyForm(request).single.get('name') ?? ''
    if (ERROR_NAME.test(name)) ctx.log.info({ event: 'passkey.none', name }, 'no passkey was used')
    return reply.code(204).send()
  })
}
