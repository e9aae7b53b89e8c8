import { readFileSync } from 'node:fs'
import type { Command as Commander } from 'commander'
import { type Io, readSecretLine } from './io.ts'
import { Failure, status } from './status.ts'

// Owns how commands take secrets: standard input or a file. Never an argument: every user of a machine can read the arguments of all its processes.

/** Reads a secret from a file; `-` is standard input. Throws Failure. */
export async function readSecretFile(io: Io, path: string): Promise<string> {
  if (path === '-') return nonEmpty(await readSecretLine(io), 'standard input')
  try {
    return nonEmpty(readFileSync(path, 'utf8').replace(/\r?\n$/, ''), path)
  } catch (error) {
    if (error instanceof Failure) throw error
    throw new Failure(`The secret file cannot be read: ${path}`, 'check its name and its permissions', status.usage)
  }
}

function nonEmpty(secret: string, where: string): string {
  if (secret === '') throw new Failure(`There is no secret in ${where}`, 'it is one line of text', status.usage)
  return secret
}

/** The option for a client's secret. */
export function withSecretFile(command: Commander, about: string): Commander {
  return command.option('--secret-file <file>', `${about}; - is standard input`)
}

/** The two options for a person's password. */
export function withPassword(command: Commander): Commander {
  return command.option('--password-stdin', 'read the password from standard input').option('--password-file <file>', 'read the password from a file')
}

export interface PasswordOptions {
  readonly passwordStdin?: boolean
  readonly passwordFile?: string
}

/** The password that was given, or nothing. Throws Failure when it was given twice. */
export async function readPassword(io: Io, options: PasswordOptions): Promise<string | undefined> {
  if (options.passwordStdin === true && options.passwordFile !== undefined) throw new Failure('The password is given twice', 'give --password-stdin or --password-file', status.usage)
  if (options.passwordFile !== undefined) return readSecretFile(io, options.passwordFile)
  return options.passwordStdin === true ? readSecretFile(io, '-') : undefined
}
