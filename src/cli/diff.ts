import type { Command as Commander } from 'commander'
import { readConfig } from '../config.ts'
import { diffDeclarations } from '../declarations/apply.ts'
import { collectFiles } from './apply.ts'
import { type Command, withExamples, withOutputOptions } from './command.ts'
import { withContext } from './connect.ts'
import type { Io } from './io.ts'
import { offered } from '../endpoints/offered.ts'
import { type OutputOptions, print } from './output.ts'
import { changesText, printWarnings } from './print-changes.ts'
import { status } from './status.ts'

async function diff(io: Io, paths: readonly string[], options: OutputOptions & { readonly prune?: boolean }): Promise<number> {
  const files = await collectFiles(io, paths)
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    const { changes, warnings } = await diffDeclarations(ctx, files, { offered, env: io.env, demo: false, prune: options.prune === true })
    printWarnings(io, warnings)
    print(io, options, { json: { changes, warnings }, ids: changes.map((change) => `${change.kind}/${change.id}`), text: changesText(io, changes, false) })
    return changes.length === 0 ? status.ok : status.differs
  })
}

function register(parent: Commander, io: Io, finish: (status: number) => void): void {
  const command = withOutputOptions(parent.command('diff'))
    .description('what apply would do; status 3 when the database differs from the files')
    .argument('<file...>', 'YAML files or folders; - is standard input')
    .option('--prune', 'count what a file once declared and these files do not')
    .action(async (paths: string[], options: OutputOptions & { prune?: boolean }) => finish(await diff(io, paths, options)))
  withExamples(command, ['portner diff portner.yaml', 'portner diff --json conf.d/'])
}

export const diffCommand: Command = { name: 'diff', register }
