import { createPublicKey, type KeyObject, sign } from 'node:crypto'
import type { JWK } from 'jose'
import type { CurrentVersions } from '../database/cache-versions.ts'
import type { Clock } from '../lib/clock.ts'
import { singleFlight } from '../lib/single-flight.ts'
import type { SigningAlgorithm, SigningKey } from './signing-key.ts'

// Owns the keys in memory: which one signs now, which ones verify, what JWKS shows. It keeps its last knowledge when the database is gone,
// so that what was signed can still be verified.

export interface Keyring {
  /** A compact JWS of `payload` with the current key of `alg`. */
  sign(alg: SigningAlgorithm, typ: string, payload: Readonly<Record<string, unknown>>): Promise<string>
  /** The public keys as RFC 7517 shows them. */
  publicKeys(): Promise<readonly JWK[]>
  /** The verification key of a `kid` and algorithm, or nothing. */
  verificationKey(kid: string, alg: string): Promise<KeyObject | undefined>
  /** All published keys, newest first. */
  list(): Promise<readonly SigningKey[]>
}

interface Unsigned {
  readonly alg: SigningAlgorithm
  readonly typ: string
  readonly payload: string
  readonly resolve: (jws: string) => void
  readonly reject: (error: unknown) => void
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url')
}

export function createKeyring(options: { readonly load: () => Promise<readonly SigningKey[]>; readonly versions: CurrentVersions; readonly clock: Clock }): Keyring {
  let keys: readonly SigningKey[] = []
  let version: string | undefined
  let unsigned: Unsigned[] = []
  const headers = new Map<string, string>()
  const publicObjects = new Map<string, KeyObject>()

  const refresh = singleFlight(async () => {
    const current = (await options.versions()).get('signing_keys')
    if (current === version) return
    keys = await options.load()
    version = current
  })

  async function fresh(): Promise<readonly SigningKey[]> {
    try {
      await refresh()
    } catch (error) {
      if (keys.length === 0) throw error
    }
    const now = options.clock.now()
    return keys.filter((key) => key.leavesAt === undefined || key.leavesAt.getTime() > now)
  }

  function header(key: SigningKey, typ: string): string {
    const name = `${key.kid}.${typ}`
    let text = headers.get(name)
    if (text === undefined) {
      text = base64url(JSON.stringify({ alg: key.alg, kid: key.kid, typ }))
      headers.set(name, text)
    }
    return text
  }

  function signOne(published: readonly SigningKey[], now: number, { alg, typ, payload }: Unsigned): string {
    const key = published.find((candidate) => candidate.alg === alg && candidate.signsFrom.getTime() <= now)
    if (key === undefined) throw new Error(`no key signs ${alg} now`)
    const input = `${header(key, typ)}.${base64url(payload)}`
    const digest = alg === 'EdDSA' ? null : 'sha256'
    return `${input}.${sign(digest, Buffer.from(input), { key: key.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
  }

  // All signatures of one turn of the event loop back to back: the curve's tables stay in the processor's cache, which halves the cost.
  async function signAll(): Promise<void> {
    const batch = unsigned
    unsigned = []
    try {
      const published = await fresh()
      const now = options.clock.now()
      for (const one of batch) one.resolve(signOne(published, now, one))
    } catch (error) {
      for (const one of batch) one.reject(error)
    }
  }

  return {
    sign: (alg, typ, payload) =>
      new Promise((resolve, reject) => {
        unsigned.push({ alg, typ, payload: JSON.stringify(payload), resolve, reject })
        if (unsigned.length === 1) setImmediate(() => void signAll())
      }),
    publicKeys: async () => (await fresh()).map((key) => key.publicJwk),
    verificationKey: async (kid, alg) => {
      const key = (await fresh()).find((candidate) => candidate.kid === kid && candidate.alg === alg)
      if (key === undefined) return undefined
      const object = publicObjects.get(kid) ?? createPublicKey(key.privateKey)
      publicObjects.set(kid, object)
      return object
    },
    list: fresh,
  }
}
