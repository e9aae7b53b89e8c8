import { createInterface } from 'node:readline/promises'
import type { Command as Commander } from 'commander'
import { readClient } from '../clients/store.ts'
import { readConfig } from '../config.ts'
import type { Context } from '../context.ts'
import { applyDeclarations, type ApplyOptions, diffDeclarations } from '../declarations/apply.ts'
import { DeclarationError, type Fault } from '../declarations/fault.ts'
import type { SourceFile } from '../declarations/parse.ts'
import type { Change } from '../declarations/plan.ts'
import { readSourceFiles } from '../declarations/source-files.ts'
import { countConsents } from '../users/consents.ts'
import { type Command, withExamples, withOutputOptions } from './command.ts'
import { withContext } from './connect.ts'
import { type Io, readStdin } from './io.ts'
import { offered } from '../endpoints/offered.ts'
import { type OutputOptions, print } from './output.ts'
import { changesText, drawnText, printWarnings } from './print-changes.ts'
import { Failure, status } from './status.ts'

interface Options extends OutputOptions {
  readonly prune?: boolean
  readonly dryRun?: boolean
  readonly yes?: boolean
}

/** Files, folders, and `-` for standard input. Throws DeclarationError when one cannot be read. */
export async function collectFiles(io: Io, paths: readonly string[]): Promise<readonly SourceFile[]> {
  const faults: Fault[] = []
  const files = readSourceFiles(paths.filter((path) => path !== '-'), faults)
  if (faults.length > 0) throw new DeclarationError(faults)
  return paths.includes('-') ? [...files, { name: '<stdin>', text: await readStdin(io), directory: process.cwd() }] : files
}

async function describeRemoval(ctx: Context, change: Change): Promise<string> {
  const client = change.kind === 'client' ? await readClient(ctx.db, change.id) : undefined
  return client === undefined ? `${change.kind} ${change.id}` : `client ${change.id} (${await countConsents(ctx.db, client.key)} people use it)`
}

async function confirmed(io: Io, question: string): Promise<boolean> {
  if (!io.isTerminal) return false
  const ask = createInterface({ input: io.stdin, output: process.stderr })
  const answer = await ask.question(question)
  ask.close()
  return /^y(es)?$/i.test(answer.trim())
}

// Removing is the one thing that a second apply does not bring back: people's consents go with a client.
async function allowRemovals(ctx: Context, io: Io, files: readonly SourceFile[], options: ApplyOptions, yes: boolean): Promise<void> {
  if (!options.prune || yes) return
  const { changes } = await diffDeclarations(ctx, files, options)
  const removed = await Promise.all(changes.filter((change) => change.action === 'remove').map((change) => describeRemoval(ctx, change)))
  if (removed.length === 0) return
  if (await confirmed(io, `This removes for good: ${removed.join(', ')}. Go on? [y/N] `)) return
  throw new Failure(`Nothing was applied: --prune would remove ${removed.join(', ')}`, 'say --yes to remove it, or --dry-run to see everything that would change', status.usage)
}

async function apply(io: Io, paths: readonly string[], options: Options): Promise<number> {
  const files = await collectFiles(io, paths)
  const applyOptions: ApplyOptions = { offered, env: io.env, demo: false, prune: options.prune === true }
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    if (options.dryRun !== true) await allowRemovals(ctx, io, files, applyOptions, options.yes === true)
    const applied = options.dryRun === true ? { ...(await diffDeclarations(ctx, files, applyOptions)), drawn: [] } : await applyDeclarations(ctx, files, applyOptions)
    printWarnings(io, applied.warnings)
    print(io, options, {
      json: { applied: options.dryRun !== true, changes: applied.changes, warnings: applied.warnings, generated: applied.drawn },
      ids: applied.changes.map((change) => `${change.kind}/${change.id}`),
      text: changesText(io, applied.changes, options.dryRun !== true) + drawnText(applied),
    })
    return status.ok
  })
}

function register(parent: Commander, io: Io, finish: (status: number) => void): void {
  const command = withOutputOptions(parent.command('apply'))
    .description('make the database say what files declare: all of it or nothing')
    .argument('<file...>', 'YAML files or folders; - is standard input')
    .option('--prune', 'also remove what a file once declared and these files do not')
    .option('--dry-run', 'print the difference, change nothing')
    .option('--yes', 'remove without asking')
    .action(async (paths: string[], options: Options) => finish(await apply(io, paths, options)))
  withExamples(command, ['portner apply portner.yaml', 'portner apply --prune --dry-run conf.d/', 'portner export | portner apply -'])
}

export const applyCommand: Command = { name: 'apply', register }
