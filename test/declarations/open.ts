import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog } from '../../src/audit/log.ts'
import { offered } from '../../src/endpoints/offered.ts'
import { readConfig } from '../../src/config.ts'
import type { Context } from '../../src/context.ts'
import { type Applied, applyDeclarations, type ApplyOptions, diffDeclarations } from '../../src/declarations/apply.ts'
import { DeclarationError, formatFault } from '../../src/declarations/fault.ts'
import { openContext } from '../../src/open-context.ts'
import { createTestDatabase } from '../support/database.ts'

export const SECRET = '0b4c9d2e7f1a4c38b5d6e7f8a9b0c1d2'

export interface Opened {
  readonly ctx: Context
  readonly directory: string
  apply(yaml: string, changes?: Partial<ApplyOptions>): Promise<Applied>
  diff(yaml: string, changes?: Partial<ApplyOptions>): Promise<Omit<Applied, 'drawn'>>
  /** The faults as lines; empty when it was applied. */
  faults(yaml: string, changes?: Partial<ApplyOptions>): Promise<readonly string[]>
  close(): Promise<void>
}

/** A context on a database of its own, for files given as text. */
export async function open(): Promise<Opened> {
  const [database, directory] = await Promise.all([createTestDatabase(), mkdtemp(join(tmpdir(), 'portner-declarations-'))])
  const config = readConfig({ PORTNER_DATA_DIR: directory }, { demo: false })
  const opened = await openContext(config, { connection: database.connection, log: createLog('silent') })
  const options: ApplyOptions = { offered, env: {}, demo: false, prune: false }
  const file = (text: string) => [{ name: 'f.yaml', text, directory }]
  const apply: Opened['apply'] = (yaml, changes = {}) => applyDeclarations(opened.ctx, file(yaml), { ...options, ...changes })
  return {
    ctx: opened.ctx,
    directory,
    apply,
    diff: (yaml, changes = {}) => diffDeclarations(opened.ctx, file(yaml), { ...options, ...changes }),
    faults: async (yaml, changes) => {
      try {
        await apply(yaml, changes)
        return []
      } catch (error) {
        if (error instanceof DeclarationError) return error.faults.map(formatFault)
        throw error
      }
    },
    close: async () => {
      await opened.close()
      await database.drop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
