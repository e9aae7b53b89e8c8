import type { Purpose, Sealing } from './sealing.ts'

// Owns how a secret is kept that must be sent to somebody as it is: sealed, and bound to the id of whom it is for.

interface Keys {
  readonly sealing: Sealing
}

export interface SealedSecrets {
  seal(keys: Keys, id: string, secret: string): Buffer
  /** The secret; nothing where there is none. Throws when there is one that the configured keys do not open. */
  unseal(keys: Keys, id: string, sealed: Buffer | undefined): string | undefined
  /** Whether that is the secret, to see whether a declared one is new. One that cannot be opened any more is another one. */
  is(keys: Keys, id: string, sealed: Buffer, secret: string): boolean
}

/** The secrets of one purpose; `whose` says in a sentence whose they are: `the API`. */
export function sealedSecrets(purpose: Purpose, whose: string): SealedSecrets {
  const open = ({ sealing }: Keys, id: string, sealed: Buffer): string | undefined => sealing.unseal(purpose, sealed, id)?.toString('utf8')
  return {
    seal: ({ sealing }, id, secret) => sealing.seal(purpose, Buffer.from(secret), id),
    unseal: (keys, id, sealed) => {
      if (sealed === undefined) return undefined
      const plain = open(keys, id, sealed)
      if (plain === undefined) throw new Error(`the secret of ${whose} ${id} cannot be opened: PORTNER_SECRET_KEY has changed`)
      return plain
    },
    is: (keys, id, sealed, secret) => open(keys, id, sealed) === secret,
  }
}
