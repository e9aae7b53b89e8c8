import { z } from 'zod'
import { canParseUrl } from '../lib/can-parse-url.ts'
import { localizedText } from '../protocol/localized-text.ts'
import { gatekeeperShape, gatekeeperFaults } from './gatekept.ts'

const realm = z.string().regex(/^[a-z0-9.-]+\.[a-z0-9-]+$/, 'must be a domain in lower case')

/** Who must agree before a client has a scope, and whom that asks. */
const policy = {
  approval: z.enum(['auto', 'owner', 'organization']).default('auto'),
  /** The realms whose organizations are asked; people of others never get the scope. */
  target: z.union([z.literal('all'), z.array(realm).min(1).max(1000)], 'must be all, or a list of realms').optional(),
  /** Whether a token without a person may have what organizations decide about. */
  client_credentials: z.boolean().optional(),
}

interface Policy {
  readonly approval: 'auto' | 'owner' | 'organization'
  readonly target?: unknown
  readonly client_credentials?: unknown
}

const organizationsOnly = ({ approval, target, client_credentials }: Policy): boolean => approval === 'organization' || (target === undefined && client_credentials === undefined)
const ORGANIZATIONS_ONLY = { path: ['approval'], error: 'must be organization where target or client_credentials is said' }

const scopeText = z
  .strictObject({ title: localizedText, description: localizedText.optional(), ...policy })
  .refine(organizationsOnly, ORGANIZATIONS_ONLY)

const resource = z.string().max(2000).refine((text) => canParseUrl(text) && !text.includes('#') && !/\s/.test(text), 'must be an absolute URI without a fragment')

/** What an API's declaration may say (a protected resource of RFC 8707). */
export const apiSchema = z
  .strictObject({
    api_id: z.string().regex(/^[a-z][a-z0-9-]{2,14}$/, 'must be a lower-case letter and 2 to 14 of a-z 0-9 -'),
    name: localizedText,
    audience: resource.optional(),
    ...gatekeeperShape,
    organization: z.string().optional(),
    /** Switched off: as if it were not there, for as long as it says so. */
    disabled: z.boolean().optional(),
    access_token_format: z.enum(['opaque', 'jwt']).default('opaque'),
    access_token_signing_alg: z.enum(['RS256', 'ES256', 'EdDSA']).default('ES256'),
    require_user: z.boolean().default(false),
    /** The words of the scope that lets in, `gk_<api_id>`, and who must agree to it. */
    title: localizedText.optional(),
    description: localizedText.optional(),
    ...policy,
    /** The scopes of what the API gets to know about whoever lets a client use it: people are told beside its name. */
    receives: z.array(z.string().max(200).regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/, 'must be one scope value')).max(50).optional(),
    scopes: z.record(z.string().regex(/^[a-z0-9-]{1,50}$/, 'must be 1 to 50 of a-z 0-9 -'), scopeText).default({}),
  })
  .superRefine((api, context) => {
    for (const { member, message } of gatekeeperFaults(api)) context.addIssue({ code: 'custom', path: [member], message })
  })
  .refine(organizationsOnly, ORGANIZATIONS_ONLY)

/** An API that tokens are made for. */
export type Api = z.output<typeof apiSchema>

const GK = /^gk_([a-z][a-z0-9-]{2,14})(?:_([a-z0-9-]{1,50}))?$/

/** The API and subscope that a scope value names: `gk_calendar_write` is `write` of `calendar`. */
export function readApiScope(scope: string): { readonly apiId: string; readonly name: string | undefined } | undefined {
  const match = GK.exec(scope)
  return match?.[1] === undefined ? undefined : { apiId: match[1], name: match[2] }
}

/** The API's own names for the parts of it that are among these values: `write` for `gk_calendar_write`. Only those that it declares. */
export function ownScopes({ api_id, scopes: declared }: Pick<Api, 'api_id' | 'scopes'>, scopes: readonly string[]): readonly string[] {
  return scopes.flatMap((scope) => {
    const named = readApiScope(scope)
    return named?.apiId === api_id && named.name !== undefined && Object.hasOwn(declared, named.name) ? [named.name] : []
  })
}

/** Those that mean something: a part of an API is nothing to somebody who may not come in at all. */
export function withoutOrphans(scopes: readonly string[]): readonly string[] {
  return scopes.filter((scope) => {
    const named = readApiScope(scope)
    return named?.name === undefined || scopes.includes(`gk_${named.apiId}`)
  })
}
