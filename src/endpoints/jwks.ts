import { allowAnyOrigin } from '../http/cors.ts'
import { refuseOtherMethods } from '../http/methods.ts'
import type { Endpoint } from './endpoint.ts'

const PATH = '/.well-known/jwks.json'
/** Seconds. A new key is published twice as long before it signs. */
const MAX_AGE = 300

/** The public keys (RFC 7517 §5). */
export const jwks: Endpoint = {
  name: 'jwks',
  answers: 'machines',
  register: (app, ctx) => {
    app.get(PATH, async (_request, reply) => {
      allowAnyOrigin(reply)
      const keys = await ctx.keyring.publicKeys()
      return reply.header('cache-control', `public, max-age=${MAX_AGE}`).type('application/jwk-set+json').send(JSON.stringify({ keys }))
    })
    refuseOtherMethods(app, PATH, ['GET'])
  },
  metadata: (issuer) => ({ jwks_uri: `${issuer}${PATH}` }),
}
