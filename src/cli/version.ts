import type { Command as Commander } from 'commander'
import { portnerVersion } from '../open-context.ts'
import { type Command, withExamples, withOutputOptions } from './command.ts'
import type { Io } from './io.ts'
import { type OutputOptions, print } from './output.ts'
import { status } from './status.ts'

function register(parent: Commander, io: Io, finish: (status: number) => void): void {
  const command = withOutputOptions(parent.command('version').description('the versions of Portner and Node')).action((options: OutputOptions) => {
    const version = portnerVersion()
    print(io, options, { json: { portner: version, node: process.versions.node }, ids: [version], text: `portner ${version} (Node ${process.versions.node})` })
    finish(status.ok)
  })
  withExamples(command, ['portner version --quiet'])
}

export const versionCommand: Command = { name: 'version', register }
