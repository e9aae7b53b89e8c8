import { z } from 'zod'
import { rotateKeysForSaml, rotateSigningKeys } from '../../declarations/keys.ts'
import { keyState } from '../../keys/signing-key.ts'
import { listKeys, PUBLISHED_BEFORE_USE_SECONDS } from '../../keys/store.ts'
import { can } from '../../organizations/can.ts'
import { forbidden } from '../failure.ts'
import { operation, type Resource } from '../operation.ts'

const key = z.strictObject({ kid: z.string(), alg: z.string(), state: z.enum(['published', 'signing', 'retired']), signs_from: z.iso.datetime(), retires_at: z.iso.datetime().optional(), leaves_at: z.iso.datetime().optional() })

/** The keys that sign tokens. Their private halves are never told. */
export const keys: Resource = () => [
  operation({
    method: 'GET',
    path: '/api/keys',
    id: 'listKeys',
    summary: 'All published keys',
    scope: 'portner.keys.read',
    answer: { status: 200, description: 'All of them', schema: { name: 'KeyList', schema: z.object({ items: z.array(key) }) } },
    run: async ({ ctx, caller }) => {
      if (!can(caller.actor, 'read', { kind: 'key', owner: {} })) throw forbidden()
      const now = ctx.clock.now()
      const items = (await listKeys(ctx.db, ctx.sealing)).map((one) => ({
        kid: one.kid,
        alg: one.alg,
        state: keyState(one, now),
        signs_from: one.signsFrom.toISOString(),
        ...(one.retiresAt === undefined ? {} : { retires_at: one.retiresAt.toISOString() }),
        ...(one.leavesAt === undefined ? {} : { leaves_at: one.leavesAt.toISOString() }),
      }))
      return { status: 200, body: { items } }
    },
  }),
  operation({
    method: 'POST',
    path: '/api/keys/rotate',
    id: 'rotateKeys',
    summary: 'Publishes a successor of each key; the old ones stay until their last token is gone',
    scope: 'portner.keys.write',
    answer: { status: 200, description: 'What was published', schema: { name: 'RotatedKeys', schema: z.strictObject({ published: z.array(z.string()), signs_in_seconds: z.int() }) } },
    needsRecentSignIn: true,
    run: async ({ ctx, caller }) => {
      return { status: 200, body: { published: await rotateSigningKeys(ctx, caller), signs_in_seconds: PUBLISHED_BEFORE_USE_SECONDS } }
    },
  }),
  operation({
    method: 'POST',
    path: '/api/keys/rotate-saml',
    id: 'rotateSamlKeys',
    summary: 'Publishes successors of the keys that SAML providers know us by; the old ones go on for 30 days, in which every provider must read our metadata again',
    scope: 'portner.keys.write',
    answer: { status: 200, description: 'What was published', schema: { name: 'RotatedSamlKeys', schema: z.strictObject({ published: z.array(z.string()) }) } },
    needsRecentSignIn: true,
    run: async ({ ctx, caller }) => ({ status: 200, body: { published: await rotateKeysForSaml(ctx, caller) } }),
  }),
]
