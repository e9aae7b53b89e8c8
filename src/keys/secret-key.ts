import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { randomBytes } from '../lib/random.ts'

const FILE = 'secret-key'

/**
 * The secrets that everything at rest is encrypted with, first one first. On a loopback issuer without PORTNER_SECRET_KEY one is generated
 * into the data directory (mode 0600) and kept; two processes that start at once agree, because only one can create the file.
 */
export function loadSecretKeys(config: Config): readonly string[] {
  if (config.secretKeys.length > 0) return config.secretKeys
  const path = join(config.dataDir, FILE)
  mkdirSync(config.dataDir, { recursive: true })
  try {
    writeFileSync(path, `${randomBytes(32).toString('base64url')}\n`, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  return [readFileSync(path, 'utf8').trim()]
}
