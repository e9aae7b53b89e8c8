import { type Command as Commander, Option } from 'commander'
import { readConfig } from '../config.ts'
import { exportDocuments, exportYaml } from '../declarations/export.ts'
import { kinds } from '../declarations/index.ts'
import { type Command, withExamples, withOutputOptions } from './command.ts'
import { withContext } from './connect.ts'
import type { Io } from './io.ts'
import { offered } from '../endpoints/offered.ts'
import { type OutputOptions, print } from './output.ts'
import { status } from './status.ts'

interface Options extends OutputOptions {
  readonly kind?: string
}

function idOf(document: Readonly<Record<string, unknown>>): string {
  const kind = kinds.find((candidate) => candidate.kind === document['kind'])
  return `${String(document['kind'])}/${kind?.identity(document) ?? ''}`
}

async function exportAll(io: Io, options: Options): Promise<number> {
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    const documents = options.json === true || options.quiet === true ? await exportDocuments(ctx, offered, options.kind) : []
    const text = documents.length > 0 ? '' : await exportYaml(ctx, offered, options.kind)
    print(io, options, { json: documents, ids: documents.map(idOf), text })
    return status.ok
  })
}

function register(parent: Commander, io: Io, finish: (status: number) => void): void {
  const command = withOutputOptions(parent.command('export'))
    .description('what the database has, as a file that apply takes; never a secret')
    .addOption(new Option('--kind <kind>', 'only this kind').choices(kinds.map((kind) => kind.kind)))
    .action(async (options: Options) => finish(await exportAll(io, options)))
  withExamples(command, ['portner export > portner.yaml', 'portner export --kind client'])
}

export const exportCommand: Command = { name: 'export', register }
