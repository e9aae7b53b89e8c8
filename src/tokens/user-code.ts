import type { Context } from '../context.ts'
import { hmacSha256 } from '../lib/digest.ts'
import { randomBytes } from '../lib/random.ts'

// The code that a person carries from a screen to a browser (RFC 8628 §6.1): consonants only, so that no word comes of it, and none that
// looks like another. It is kept as a keyed digest: 34 bits could be tried against a plain one.

const ALPHABET = 'BCDFGHJKLMNPQRSTVWXZ'
const LENGTH = 8
const CODE = new RegExp(`^[${ALPHABET}]{${LENGTH}}$`)

/** A new code, `WDJB-MJHT`. */
export function newUserCode(): string {
  const letters: string[] = []
  while (letters.length < LENGTH) {
    for (const byte of randomBytes(16)) {
      // 240 is the last multiple of 20 below 256: what lies above would make some letters likelier.
      const letter = byte < 240 ? ALPHABET[byte % ALPHABET.length] : undefined
      if (letter !== undefined && letters.length < LENGTH) letters.push(letter)
    }
  }
  return `${letters.slice(0, 4).join('')}-${letters.slice(4).join('')}`
}

/** A code as somebody types it, in the form that was shown; nothing when it cannot be one. Case, width, spaces and dashes do not matter. */
export function readUserCode(typed: string): string | undefined {
  const letters = typed.normalize('NFKC').toUpperCase().replaceAll(/[\s\p{Pd}_.]/gu, '')
  return CODE.test(letters) ? `${letters.slice(0, 4)}-${letters.slice(4)}` : undefined
}

export function userCodeHash(ctx: Context, userCode: string): Buffer {
  return hmacSha256(ctx.sealing.macKey('user-code'), userCode)
}
