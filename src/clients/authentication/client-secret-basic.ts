import { invalidClient, invalidRequest } from '../../protocol/error.ts'
import type { ClientAuthenticationMethod, PresentedCredentials } from './method.ts'
import { provesSecret } from './secret.ts'
import { wrongSecret } from './secret-findings.ts'

const BASIC = /^Basic +([A-Za-z0-9+/]+={0,2})$/i

interface Credentials {
  readonly clientId: string
  readonly secret: string
  /** As it stood there, not decoded. */
  readonly raw: string
}

const MALFORMED = { trace: { cause: 'client_auth.malformed', compared: [{ name: 'Authorization', expected: 'Basic base64(id:secret)' }] } } as const

// RFC 6749 §2.3.1: both parts are form-urlencoded inside the base64. Some clients forget that; what is not valid encoding is not theirs.
function decodePart(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '))
}

function read(authorization: string): Credentials {
  const encoded = BASIC.exec(authorization)?.[1]
  if (encoded === undefined) throw invalidClient('The Authorization header is not valid HTTP Basic', MALFORMED)
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0) throw invalidClient('The Authorization header is not valid HTTP Basic', MALFORMED)
  try {
    return { clientId: decodePart(text.slice(0, colon)), secret: decodePart(text.slice(colon + 1)), raw: text.slice(colon + 1) }
  } catch {
    throw invalidClient('The client id and secret must be form-urlencoded inside HTTP Basic', MALFORMED)
  }
}

function credentials(presented: PresentedCredentials): Credentials {
  const basic = read(presented.authorization ?? '')
  const named = presented.form.single.get('client_id')
  if (named !== undefined && named !== basic.clientId) throw invalidRequest('client_id differs from the one in the Authorization header', { parameter: 'client_id', trace: { cause: 'client_auth.several', compared: [{ name: 'client_id', sent: named, expected: basic.clientId }] } })
  return basic
}

/** HTTP Basic (RFC 6749 §2.3.1, RFC 7617). */
export const clientSecretBasic: ClientAuthenticationMethod = {
  name: 'client_secret_basic',
  sends: 'authorization',
  isPresent: ({ authorization }) => authorization !== undefined && /^basic( |$)/i.test(authorization),
  claimedId: (presented) => credentials(presented).clientId,
  proves: async (presented, client, ctx) => {
    const { secret, raw } = credentials(presented)
    return provesSecret(ctx, client, secret) || wrongSecret(client, secret, raw)
  },
}
