import type { FastifyReply, FastifyRequest } from 'fastify'
import { ownResources } from '../apis/store.ts'
import { type Client, hasSwitch } from '../clients/client.ts'
import { encryptFor, isEncrypted } from '../clients/encryption.ts'
import { contentEncryptions, encryptionAlgorithms } from '../clients/response-encryption.ts'
import { browserOrigins } from '../clients/browser-origins.ts'
import { findClientByKey } from '../clients/store.ts'
import type { Context } from '../context.ts'
import { principalNamesOf } from '../groups/principal-names.ts'
import { allowRegisteredOrigin, answerPreflight } from '../http/cors.ts'
import { sendJson } from '../http/json.ts'
import { refuseOtherMethods } from '../http/methods.ts'
import { isSigningAlgorithm, signingAlgorithms } from '../keys/signing-key.ts'
import { epochSeconds } from '../lib/clock.ts'
import { bearerChallenge } from '../protocol/error.ts'
import { USERINFO_TYPE } from '../protocol/names.ts'
import { pointToMetadata, resourceMetadataAddress } from '../protocol/resource-metadata.ts'
import { withGroups } from '../tokens/groups-told.ts'
import { misplacedToken } from '../tokens/presented-token.ts'
import { personTold } from '../tokens/person-told.ts'
import { claimNames, userinfoClaims } from '../users/claims.ts'
import { dataportenUserinfo } from '../users/dataporten-userinfo.ts'
import { requireBearerFor } from './bearer.ts'
import type { Endpoint } from './endpoint.ts'
import { demandOf, requireSignIn } from './step-up.ts'

const PATH = '/userinfo'
/** Any of these opens the endpoint; a token without one has nothing to be told here. */
const OPENING = ['openid', 'userid', 'profile', 'email']

async function answer(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const token = await requireBearerFor(ctx, request, ownResources(ctx.config.issuer))
  const { person, scopes, clientKey } = token
  const client = await findClientByKey(ctx, clientKey)
  if (request.headers.origin !== undefined) {
    await allowRegisteredOrigin(ctx, request, reply, client)
  }
  if (person === undefined) throw bearerChallenge(403, 'insufficient_scope', 'The token has no person behind it', 'openid', misplacedToken(token, 'token.scope', 'openid'))
  if (!scopes.some((scope) => OPENING.includes(scope))) throw bearerChallenge(403, 'insufficient_scope', 'The token may not ask about the person', 'openid', misplacedToken(token, 'token.scope', OPENING.join(' / ')))
  requireSignIn({ person, clientId: token.clientId }, demandOf(client), epochSeconds(ctx.clock))
  const told = personTold(ctx, person)
  if (client !== undefined && hasSwitch(client, 'dataporten_userinfo')) {
    const names = scopes.includes('userid-feide') ? await principalNamesOf(ctx, [person.subject.userId]) : undefined
    return send(ctx, reply, client, { ...dataportenUserinfo(told, scopes, client.clientId, names?.get(person.subject.userId) ?? []) })
  }
  const asked = person.details.claims ?? {}
  const subject = await withGroups(ctx, person, told, scopes, asked.userinfo)
  return send(ctx, reply, client, { sub: subject.userId, ...userinfoClaims(subject, scopes, asked) })
}

/** As JSON, or signed, encrypted, or both, for a client that registered so (OpenID Connect Core §5.3.2). */
async function send(ctx: Context, reply: FastifyReply, client: Client | undefined, claims: Readonly<Record<string, unknown>>): Promise<FastifyReply> {
  const alg = client?.metadata.userinfo_signed_response_alg
  const isSigned = alg !== undefined && isSigningAlgorithm(alg)
  if (client === undefined || !(isSigned || isEncrypted(client, 'userinfo'))) return sendJson(reply, claims)
  const plain = isSigned ? await ctx.keyring.sign(alg, USERINFO_TYPE, { ...claims, iss: ctx.config.issuer, aud: client.clientId }) : JSON.stringify(claims)
  const jwt = await encryptFor(ctx, client, 'userinfo', plain, isSigned)
  return reply.code(200).header('cache-control', 'no-store').header('pragma', 'no-cache').type('application/jwt').send(jwt)
}

/** Claims about the person of a token (OpenID Connect Core §5.3). */
export const userinfo: Endpoint = {
  name: 'userinfo',
  answers: 'machines',
  takesCertificates: true,
  register: (app, ctx) => {
    const handle = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      try {
        return await answer(ctx, request, reply)
      } catch (error) {
        throw pointToMetadata(error, resourceMetadataAddress(`${ctx.config.issuer}${PATH}`))
      }
    }
    app.get(PATH, handle)
    app.post(PATH, handle)
    answerPreflight(app, ctx, PATH, ['GET', 'POST'], browserOrigins(ctx))
    refuseOtherMethods(app, PATH, ['GET', 'POST'])
  },
  metadata: (issuer) => ({ userinfo_endpoint: `${issuer}${PATH}`, userinfo_signing_alg_values_supported: signingAlgorithms, userinfo_encryption_alg_values_supported: encryptionAlgorithms, userinfo_encryption_enc_values_supported: contentEncryptions, claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'auth_time', 'nonce', 'acr', 'amr', 'sid', ...claimNames] }),
}
