import * as client from 'openid-client'
import { z } from 'zod'
import type { Context } from '../context.ts'
import { type Attempt, type Callback, type ConnectorType, type Identity, type Opening, type RedirectConnector, type UpstreamDeparture, UpstreamFailure } from './connector.ts'
import { claimTargets, mapPerson } from './mapping.ts'
import { readUpstreamFailure } from './oidc-failure.ts'
import { isSecureAddress, outgoing, within } from './outgoing.ts'
import { providerId, providerMembers } from './provider.ts'
import { isSubject } from './subject.ts'

// Upstream OAuth 2.0 without OpenID Connect (RFC 6749, RFC 7636): there is no signed word about who signed in, only an address that tells it
// to the holder of an access token which that very provider's token endpoint has just handed us. Such a provider says neither when nor how a
// person signed in, and nothing is made up for it.

const address = z.string().max(1000).refine(isSecureAddress, 'must be an https URL')

const declared = z.strictObject({
  provider_id: providerId,
  protocol: z.literal('oauth2'),
  ...providerMembers,
  preset: z.enum(['github']).optional(),
  authorization_endpoint: address.optional(),
  token_endpoint: address.optional(),
  userinfo_endpoint: address.optional(),
  /** A list of `{ email, primary, verified }`: the person's verified primary address is in it. */
  emails_endpoint: address.optional(),
  client_id: z.string().min(1).max(500),
  scope: z.string().max(1000).optional(),
  token_endpoint_auth_method: z.enum(['client_secret_post', 'client_secret_basic']).default('client_secret_post'),
  /** The member of the userinfo answer that identifies a person for good. */
  subject: z.string().min(1).max(200).optional(),
  claims_mapping: z.record(z.string().min(1).max(200), z.enum(claimTargets)).optional(),
})
type Declared = z.output<typeof declared>

const PRESETS = {
  github: {
    authorization_endpoint: 'https://github.com/login/oauth/authorize',
    token_endpoint: 'https://github.com/login/oauth/access_token',
    userinfo_endpoint: 'https://api.github.com/user',
    emails_endpoint: 'https://api.github.com/user/emails',
    scope: 'read:user user:email',
    // `login` can be given up and is then somebody else's.
    subject: 'id',
    claims_mapping: { name: 'name', login: 'preferred_username', avatar_url: 'picture', html_url: 'profile', blog: 'website' },
  },
} as const satisfies Readonly<Record<string, Partial<Declared>>>

interface Settings extends Declared {
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly userinfo_endpoint: string
}

function withPreset(document: Declared): Settings | undefined {
  const preset: Partial<Declared> = document.preset === undefined ? {} : PRESETS[document.preset]
  const said = Object.fromEntries(Object.entries(document).filter(([, value]) => value !== undefined))
  const { authorization_endpoint: authorization, token_endpoint: token, userinfo_endpoint: userinfo, ...rest } = { ...preset, ...document, ...said }
  if (authorization === undefined || token === undefined || userinfo === undefined) return undefined
  return { ...rest, authorization_endpoint: authorization, token_endpoint: token, userinfo_endpoint: userinfo }
}

const schema = declared.superRefine((document, context) => {
  if (withPreset(document) === undefined) context.addIssue({ code: 'custom', message: 'must have authorization_endpoint, token_endpoint and userinfo_endpoint, or a preset' })
})

const keptSchema = z.object({ verifier: z.string() })
const emailsSchema = z.array(z.object({ email: z.string(), primary: z.boolean(), verified: z.boolean() })).max(1000)

function configurationOf(ctx: Context, settings: Settings, secret: string | undefined): client.Configuration {
  const { authorization_endpoint: authorization, token_endpoint: token, client_id: clientId, token_endpoint_auth_method: method } = settings
  const proof = secret === undefined ? client.None() : method === 'client_secret_basic' ? client.ClientSecretBasic(secret) : client.ClientSecretPost(secret)
  const configuration = new client.Configuration({ issuer: new URL(authorization).origin, authorization_endpoint: authorization, token_endpoint: token }, clientId, {}, proof)
  configuration[client.customFetch] = outgoing(ctx)
  if (ctx.config.testFetch) client.allowInsecureRequests(configuration)
  return configuration
}

async function begin(ctx: Context, settings: Settings, { redirectUri, state, fresh, maxAge, loginHint }: Attempt): Promise<UpstreamDeparture> {
  // When a person signed in there is never said: nothing could show that it was recent enough.
  if (maxAge !== undefined) throw new UpstreamFailure('refused', 'max_age asked of a provider that tells no auth_time')
  const verifier = client.randomPKCECodeVerifier()
  const url = client.buildAuthorizationUrl(configurationOf(ctx, settings, undefined), {
    redirect_uri: redirectUri,
    state,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...(settings.scope === undefined ? {} : { scope: settings.scope }),
    ...(fresh ? { prompt: settings.preset === 'github' ? 'select_account' : 'login' } : {}),
    ...(loginHint === undefined ? {} : { login: loginHint, login_hint: loginHint }),
  })
  return { url: url.href, kept: JSON.stringify({ verifier }) }
}

async function ask(ctx: Context, url: string, token: string): Promise<unknown> {
  const answer = await ctx.fetch(url, { headers: { authorization: `Bearer ${token}`, accept: 'application/json', 'user-agent': 'Portner' } })
  if (answer.status >= 500) throw new UpstreamFailure('unavailable', 'status')
  if (answer.status !== 200) throw new UpstreamFailure('invalid', 'status')
  try {
    const body: unknown = await answer.json()
    return body
  } catch {
    throw new UpstreamFailure('invalid', 'json')
  }
}

// An address counts only when the provider has verified it: this list says so of each, the profile does not.
async function verifiedEmail(ctx: Context, url: string, token: string): Promise<Readonly<Record<string, unknown>>> {
  const list = emailsSchema.safeParse(await ask(ctx, url, token))
  if (!list.success) throw new UpstreamFailure('invalid', 'emails')
  const primary = list.data.find((one) => one.primary && one.verified)
  return { email: primary?.email, email_verified: primary !== undefined }
}

function subjectOf(person: Readonly<Record<string, unknown>>, member: string): string {
  const value = Object.hasOwn(person, member) ? person[member] : undefined
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value
  if (!isSubject(text)) throw new UpstreamFailure('incomplete', 'subject', { missing: ['subject'] })
  return text
}

async function complete(ctx: Context, settings: Settings, secret: string | undefined, { redirectUri, state, kept, parameters }: Callback): Promise<Identity> {
  const { verifier } = keptSchema.parse(JSON.parse(kept))
  const answer = new URL(redirectUri)
  // Such a provider sends no `iss` that could be compared: that the answer is its own is told by the address it came to (RFC 9700 §4.4.2).
  answer.search = new URLSearchParams([...parameters].filter(([name]) => name !== 'iss')).toString()
  const tokens = await client.authorizationCodeGrant(configurationOf(ctx, settings, secret), answer, { expectedState: state, pkceCodeVerifier: verifier })
  const person = await ask(ctx, settings.userinfo_endpoint, tokens.access_token)
  if (typeof person !== 'object' || person === null || Array.isArray(person)) throw new UpstreamFailure('invalid', 'userinfo')
  const theirs: Readonly<Record<string, unknown>> = { ...person }
  // Nothing unsigned says of itself that an address is verified.
  const email = settings.emails_endpoint === undefined ? { email_verified: false } : await verifiedEmail(ctx, settings.emails_endpoint, tokens.access_token)
  return {
    issuer: new URL(settings.userinfo_endpoint).origin,
    subject: subjectOf(theirs, settings.subject ?? 'sub'),
    ...mapPerson({ ...theirs, ...email }, settings.claims_mapping ?? {}),
    acr: undefined,
    amr: [],
    authTime: undefined,
  }
}

function openOauth2(ctx: Context, { facts, secret }: Opening): RedirectConnector {
  const settings = withPreset(schema.parse(facts.provider))
  if (settings === undefined) throw new Error('a provider without addresses was declared')
  return {
    kind: 'redirect',
    begin: async (attempt) => begin(ctx, settings, attempt),
    complete: async (callback) => {
      try {
        return await within(secret().then((text) => complete(ctx, settings, text, callback)))
      } catch (error) {
        throw readUpstreamFailure(error, 'invalid')
      }
    },
  }
}

export const oauth2: ConnectorType = { protocol: 'oauth2', schema, hasSecret: true, open: openOauth2 }
