import type { Command as Commander } from 'commander'
import type { Io } from './io.ts'

/** One command of the command line: one file and one line in index.ts. */
export interface Command {
  readonly name: string
  /** Adds itself to its parent. `finish` takes the exit status. */
  register(parent: Commander, io: Io, finish: (status: number) => void): void
}

/** Options that every command has. */
export function withOutputOptions(command: Commander): Commander {
  return command.option('--json', 'print JSON, in a shape that stays').option('--quiet', 'print ids only')
}

/** Examples below a command's help. */
export function withExamples(command: Commander, examples: readonly string[]): Commander {
  return command.addHelpText('after', `\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}`)
}
