import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { passwordHashFault } from '../lib/password-hash.ts'

// Owns how a file says a secret: exactly one of five ways. Where one is kept belongs to clients and users.

/** What a file says, read. `text` comes from the file, the environment or another file; `hash` is kept as it is; `generate` draws one. */
export type Secret = { readonly is: 'text'; readonly text: string } | { readonly is: 'hash'; readonly hash: string } | { readonly is: 'generate' }

export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly directory: string
}

const WAYS = '{ value: … }, { from_env: … }, { from_file: … }, { hash: … } or { generate: true }'

const spec = z
  .strictObject({ value: z.string().optional(), from_env: z.string().optional(), from_file: z.string().optional(), hash: z.string().optional(), generate: z.literal(true).optional() }, { error: `must be one of ${WAYS}` })
  .refine((value) => Object.keys(value).length === 1, `must be exactly one of ${WAYS}`)

function fromFile(path: string, sources: SecretSources): Secret | string {
  try {
    return { is: 'text', text: readFileSync(resolve(sources.directory, path), 'utf8').replace(/\r?\n$/, '') }
  } catch {
    return `from_file cannot be read: ${path}`
  }
}

/** Reads a secret as a file says it. A string instead of a secret is what is wrong with it. */
export function readSecret(value: unknown, sources: SecretSources): Secret | string {
  const result = spec.safeParse(value)
  if (!result.success) return result.error.issues[0]?.code === 'custom' ? result.error.issues[0].message : `must be one of ${WAYS}`
  const { value: text, from_env, from_file, hash } = result.data
  if (text !== undefined) return { is: 'text', text }
  if (hash !== undefined) return { is: 'hash', hash }
  if (from_file !== undefined) return fromFile(from_file, sources)
  if (from_env === undefined) return { is: 'generate' }
  const found = sources.env[from_env]
  return found === undefined || found === '' ? `from_env: the environment has no ${from_env}` : { is: 'text', text: found }
}

const SHORTEST = 22
const LEAST_DIFFERENT = 8
export const DEMO_SECRET = 'demo-secret'

/** What is wrong with a machine's secret, which is kept as SHA-256 and so needs 128 bits; nothing when it will do. */
export function machineSecretFault(secret: Secret, demo: boolean): string | undefined {
  if (secret.is === 'generate') return undefined
  if (secret.is === 'hash') return /^sha256:[0-9a-f]{64}$/.test(secret.hash) ? undefined : 'hash must be sha256: and 64 hexadecimal digits'
  const { text } = secret
  if (demo && text === DEMO_SECRET) return undefined
  if (!/^[\x21-\x7e]*$/.test(text)) return 'must be ASCII without spaces (RFC 6749 appendix A.2)'
  if (text.length < SHORTEST) return `is too short: a machine's secret needs 128 bits, ${SHORTEST} characters or more; draw one with: openssl rand -base64 32`
  if (new Set(text).size < LEAST_DIFFERENT || /^(.{1,11})\1+.{0,10}$/.test(text)) return 'repeats itself: draw one with: openssl rand -base64 32'
  return undefined
}

const LONGEST_PASSWORD = 1024

/** What is wrong with a person's password in a file; nothing when it will do. */
export function passwordFault(secret: Secret): string | undefined {
  if (secret.is === 'generate') return undefined
  if (secret.is === 'text') return secret.text === '' || secret.text.length > LONGEST_PASSWORD ? `must be 1 to ${LONGEST_PASSWORD} characters` : undefined
  const fault = passwordHashFault(secret.hash)
  return fault === undefined ? undefined : `hash ${fault}`
}
