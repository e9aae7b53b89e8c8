import { Command as Commander } from 'commander'
import { portnerVersion } from '../open-context.ts'
import { reportFailure } from './failures.ts'
import { commands } from './index.ts'
import type { Io } from './io.ts'
import { status } from './status.ts'

// Owns the command line: from arguments to an exit status. It does not own what a command does.

/** Runs one command and gives its exit status: 0 done, 1 failed, 2 usage or configuration, 3 differs, 4 not ready. Never throws. */
export async function runCommandLine(args: readonly string[], io: Io): Promise<number> {
  let exitStatus: number = status.ok
  const program = new Commander('portner')
    .description('A standalone OAuth 2.0 and OpenID Connect authorization server for federations of organisations.')
    .version(portnerVersion(), '-V, --version')
    .helpCommand(true)
    .showHelpAfterError('(portner help lists the commands, --help explains one)')
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text), getErrHasColors: () => false, getOutHasColors: () => false })
    .addHelpText('after', '\nExit status: 0 done, 1 failed, 2 usage or configuration, 3 differs, 4 not ready. Secrets are read from standard input or files, never from arguments.')
  for (const command of commands) {
    command.register(program, io, (value) => {
      exitStatus = value
    })
  }
  try {
    await program.parseAsync([...args], { from: 'user' })
    return exitStatus
  } catch (error) {
    return reportFailure(error, io)
  }
}
