import type { Document, Kind } from './kind.ts'
import { ChangeRefused } from './refused.ts'
import { readSecret, type Secret } from './secret.ts'

const NOWHERE = { env: {}, directory: '/nonexistent' }
/** Not from the environment and not from files: those are this server's, and who asks over the network must not read them. */
const WAYS: readonly string[] = ['value', 'hash', 'generate']

function isAllowedWay(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).every((way) => WAYS.includes(way))
}

/** A document without its secret, and the secret: a text, or one of the ways that files have and that do not reach into this machine. Throws ChangeRefused. */
export function takeSaidSecret(kind: Kind, said: Document): { readonly members: Document; readonly secret: Secret | undefined } {
  const name = kind.secret?.member(said)
  if (kind.secret === undefined || name === undefined || said[name] === undefined) return { members: said, secret: undefined }
  const { [name]: value, ...members } = said
  const spelled = typeof value === 'string' ? { value } : value
  if (!isAllowedWay(spelled)) throw new ChangeRefused('invalid', [{ path: name, message: `${name} must be a text, { hash: … } or { generate: true }` }])
  const secret = readSecret(spelled, NOWHERE)
  const fault = typeof secret === 'string' ? secret : kind.secret.fault(secret, false, said)
  if (typeof secret === 'string' || fault !== undefined) throw new ChangeRefused('invalid', [{ path: name, message: `${name} ${fault ?? ''}` }])
  return { members, secret }
}
