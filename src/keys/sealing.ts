import { deriveKey } from '../lib/digest.ts'
import { seal, unseal } from '../lib/sealed.ts'

// Owns encryption at rest: one key a purpose out of each configured secret. The first secret seals; all of them open, so a secret is
// replaced by putting the new one in front.

export type Purpose =
  | 'signing-key'
  | 'interaction-answer'
  | 'provider-settings'
  | 'upstream-attempt'
  | 'saml-key'
  | 'posted-answer'
  | 'account-return'
  | 'mail'
  /** The keys of the weeks of statistics. */
  | 'statistics'
  | 'sign-up'
  | 'address-change'
  | 'totp-secret'
  | 'client-secret'
  | 'kept-answer'
  | 'ciba-notification'
  | 'pairwise-salt'
  | 'audit-chain'
  | 'api-secret'

export interface Sealing {
  seal(purpose: Purpose, plain: Uint8Array, context: string): Buffer
  /** Nothing when no configured secret opens it. */
  unseal(purpose: Purpose, sealed: Uint8Array, context: string): Buffer | undefined
  /** Whether it is sealed under the first secret: what is kept for good is sealed anew otherwise. */
  isCurrent(purpose: Purpose, sealed: Uint8Array, context: string): boolean
  /** A key for HMACs of one purpose (form tokens); from the first secret. */
  macKey(purpose: string): Buffer
  /** The same for every configured secret, the first one first: for what is kept and must be found again after the secret was replaced. */
  macKeys(purpose: string): readonly Buffer[]
}

export function createSealing(secrets: readonly string[]): Sealing {
  const first = secrets[0]
  if (first === undefined) throw new Error('sealing needs a secret')
  const keys = new Map<string, Buffer>()
  function key(secret: string, purpose: string): Buffer {
    const name = `${purpose}\0${secret}`
    let derived = keys.get(name)
    if (derived === undefined) {
      derived = deriveKey(Buffer.from(secret), `portner/${purpose}`)
      keys.set(name, derived)
    }
    return derived
  }
  return {
    seal: (purpose, plain, context) => seal(key(first, purpose), plain, context),
    unseal: (purpose, sealed, context) => {
      for (const secret of secrets) {
        const plain = unseal(key(secret, purpose), sealed, context)
        if (plain !== undefined) return plain
      }
      return undefined
    },
    isCurrent: (purpose, sealed, context) => unseal(key(first, purpose), sealed, context) !== undefined,
    macKey: (purpose) => key(first, `mac/${purpose}`),
    macKeys: (purpose) => secrets.map((secret) => key(secret, `mac/${purpose}`)),
  }
}
