import { createHash, pbkdf2, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { verify as verifyArgon2 } from 'argon2'
import { compare as compareBcrypt } from 'bcryptjs'

// Owns the forms in which other systems keep passwords, so that people bring theirs along: how each is read, what it may cost at most, and
// whether a password is the one. A hash from a file decides how much work a login is: what is not bounded here could stop every login.

/** One form. A check that is ready, or what is wrong with a text that is of this form; nothing when it is of another. */
type Form = (text: string) => Check | string | undefined
type Check = (password: string) => Promise<boolean>

const derivePbkdf2 = promisify(pbkdf2)

const MOST_MEMORY_KIB = 1_048_576
const MOST_ARGON2_WORK = 4_194_304
const MOST_BCRYPT_COST = 14
const MOST_ITERATIONS = 2_000_000
const MOST_SCRYPT_BYTES = 256 * 1024 * 1024
const MOST_SCRYPT_WORK = 2 ** 25
const SHORTEST_DIGEST = 16
const LONGEST_PART = 128

/** Base64 with or without padding; passlib writes `.` for `+`. Nothing when it is none, or of no possible length. */
function bytes(text: string, least: number): Buffer | undefined {
  const found = Buffer.from(text.replaceAll('.', '+'), 'base64')
  const isWhole = found.toString('base64').replace(/=+$/, '') === text.replaceAll('.', '+').replace(/=+$/, '')
  return isWhole && found.length >= least && found.length <= LONGEST_PART ? found : undefined
}

function same(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}

const argon2: Form = (text) => {
  const match = /^\$argon2(?:id|i|d)\$(?:v=(?:16|19)\$)?m=(\d{1,9}),t=(\d{1,9}),p=(\d{1,9})\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{22,}$/.exec(text)
  if (match === null) return undefined
  const [memory, time, lanes] = [Number(match[1]), Number(match[2]), Number(match[3])]
  if (memory > MOST_MEMORY_KIB || lanes > 16 || memory * time > MOST_ARGON2_WORK) return `costs too much: at most m=${MOST_MEMORY_KIB}, p=16, and m times t ${MOST_ARGON2_WORK}`
  return (password) => verifyArgon2(text, password)
}

const bcrypt: Form = (text) => {
  const match = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(text)
  if (match === null) return undefined
  const cost = Number(match[1])
  if (cost < 4 || cost > MOST_BCRYPT_COST) return `has a cost of ${cost}: 4 to ${MOST_BCRYPT_COST} can be imported`
  return (password) => compareBcrypt(password, text)
}

function deriveScrypt(password: string, salt: Buffer, length: number, cost: { readonly N: number; readonly r: number; readonly p: number }): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, { ...cost, maxmem: 2 * MOST_SCRYPT_BYTES }, (error, key) => (error === null ? resolve(key) : reject(error)))
  })
}

const phcScrypt: Form = (text) => {
  const match = /^\$scrypt\$ln=(\d{1,3}),r=(\d{1,5}),p=(\d{1,5})\$([A-Za-z0-9+/.]+={0,2})\$([A-Za-z0-9+/.]+={0,2})$/.exec(text)
  if (match === null) return undefined
  const [N, r, p] = [2 ** Number(match[1]), Number(match[2]), Number(match[3])]
  const [salt, digest] = [bytes(match[4] ?? '', 1), bytes(match[5] ?? '', SHORTEST_DIGEST)]
  if (N < 2 || r < 1 || p < 1 || 128 * N * r > MOST_SCRYPT_BYTES || N * r * p > MOST_SCRYPT_WORK) return 'costs too much or nothing: at most 256 MiB, and N times r times p 2^25'
  if (salt === undefined || digest === undefined) return 'has a salt or hash that is no base64 of 16 to 128 bytes'
  return async (password) => same(await deriveScrypt(password, salt, digest.length, { N, r, p }), digest)
}

function pbkdf2Check(algorithm: string, iterations: number, salt: Buffer | undefined, digest: Buffer | undefined): Check | string {
  if (iterations < 1 || iterations > MOST_ITERATIONS) return `has ${iterations} iterations: 1 to ${MOST_ITERATIONS} can be imported`
  if (salt === undefined || digest === undefined) return 'has a salt or hash that is no base64 of 16 to 128 bytes'
  return async (password) => same(await derivePbkdf2(password, salt, iterations, digest.length, algorithm), digest)
}

const phcPbkdf2: Form = (text) => {
  const match = /^\$pbkdf2(?:-(sha1|sha256|sha512))?\$(?:i=)?(\d{1,12})(?:,l=\d{1,3})?\$([A-Za-z0-9+/.]+={0,2})\$([A-Za-z0-9+/.]+={0,2})$/.exec(text)
  return match === null ? undefined : pbkdf2Check(match[1] ?? 'sha1', Number(match[2]), bytes(match[3] ?? '', 1), bytes(match[4] ?? '', SHORTEST_DIGEST))
}

const djangoPbkdf2: Form = (text) => {
  const match = /^pbkdf2_(sha1|sha256)\$(\d{1,12})\$([\x21-\x23\x25-\x7e]{1,128})\$([A-Za-z0-9+/]+={0,2})$/.exec(text)
  return match === null ? undefined : pbkdf2Check(match[1] ?? '', Number(match[2]), Buffer.from(match[3] ?? ''), bytes(match[4] ?? '', SHORTEST_DIGEST))
}

const SSHA = { SSHA: 'sha1', SSHA256: 'sha256', SSHA384: 'sha384', SSHA512: 'sha512' } as const
const SSHA_BYTES = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 } as const

const ldapSalted: Form = (text) => {
  const match = /^\{(SSHA|SSHA256|SSHA384|SSHA512)\}([A-Za-z0-9+/]+={0,2})$/i.exec(text)
  if (match === null) return undefined
  const algorithm = SSHA[(match[1] ?? '').toUpperCase() as keyof typeof SSHA]
  const size = SSHA_BYTES[algorithm]
  const both = bytes(match[2] ?? '', size + 1)
  if (both === undefined) return 'has no salt, or is no base64'
  return (password) => Promise.resolve(same(createHash(algorithm).update(password).update(both.subarray(size)).digest(), both.subarray(0, size)))
}

const FORMS: readonly Form[] = [argon2, bcrypt, phcScrypt, phcPbkdf2, djangoPbkdf2, ldapSalted]

// Directories write the scheme of a crypt text in front of it.
const SCHEME = /^\{(?:ARGON2|CRYPT)\}(?=\$)/i

function read(text: string): Check | string {
  for (const form of FORMS) {
    const found = form(text.replace(SCHEME, ''))
    if (found !== undefined) return found
  }
  return 'must be one of: argon2 ($argon2id$…), bcrypt ($2b$…), scrypt ($scrypt$ln=…), PBKDF2 ($pbkdf2-sha256$… or pbkdf2_sha256$…), {SSHA}, {SSHA256}, {SSHA512}'
}

/** What is wrong with a hash that somebody wants to import; nothing when it will do. */
export function passwordHashFault(text: string): string | undefined {
  const found = read(text)
  return typeof found === 'string' ? found : undefined
}

/** Whether a password is the one of a hash in any of the forms. Throws for a text that is none. */
export async function verifyPasswordHash(text: string, password: string): Promise<boolean> {
  const check = read(text)
  if (typeof check === 'string') throw new Error('not a password hash that is known')
  return check(password)
}

/** How we keep passwords ourselves: OWASP's floor. */
export const ARGON2ID = { type: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
const OURS = `$argon2id$v=19$m=${ARGON2ID.memoryCost},t=${ARGON2ID.timeCost},p=${ARGON2ID.parallelism}$`

/** Whether a hash is one as we make them; any other is replaced at the first good sign-in. */
export function isOwnHash(text: string): boolean {
  return text.startsWith(OURS)
}
