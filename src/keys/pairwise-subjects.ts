import { createCipheriv, createDecipheriv } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { deriveKey } from '../lib/digest.ts'
import { uuidText } from '../lib/random.ts'

// Owns how a person is called towards one sector (OpenID Connect Core §8.1): the person's id, encrypted under a key of that sector. An id is
// exactly one block of the cipher, so within a sector every person has one name and every name one person, nobody can tell that two sectors
// speak of the same person without the salt, and what a client gives back as a hint can be read again without a table.

export interface PairwiseSubjects {
  /** The subject identifier of a person for a sector: 22 characters. */
  subject(sector: string, userId: string): string
  /** Whose identifier in that sector a text would be; nothing when it cannot be one. Whether there is such a person is not known here. */
  userId(sector: string, subject: string): string | undefined
}

const CIPHER = 'aes-256-ecb'
const SUBJECT = /^[A-Za-z0-9_-]{21}[AQgw]$/
const SECTORS = 10_000

export function createPairwiseSubjects(salt: Uint8Array): PairwiseSubjects {
  const keys = new LRUCache<string, Buffer>({ max: SECTORS })
  function keyOf(sector: string): Buffer {
    const key = keys.get(sector) ?? deriveKey(salt, `pairwise/${sector}`)
    keys.set(sector, key)
    return key
  }
  return {
    subject: (sector, userId) => {
      const cipher = createCipheriv(CIPHER, keyOf(sector), null).setAutoPadding(false)
      return Buffer.concat([cipher.update(Buffer.from(userId.replaceAll('-', ''), 'hex')), cipher.final()]).toString('base64url')
    },
    userId: (sector, subject) => {
      if (!SUBJECT.test(subject)) return undefined
      const decipher = createDecipheriv(CIPHER, keyOf(sector), null).setAutoPadding(false)
      return uuidText(Buffer.concat([decipher.update(Buffer.from(subject, 'base64url')), decipher.final()]))
    },
  }
}
