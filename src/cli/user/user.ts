import type { Command as Commander } from 'commander'
import type { Command } from '../command.ts'
import type { Io } from '../io.ts'
import { registerChange } from './change.ts'
import { registerCreate } from './create.ts'

function register(parent: Commander, io: Io, finish: (status: number) => void): void {
  const group = parent.command('user').description('local accounts')
  registerCreate(group, io, finish)
  registerChange(group, io, finish)
}

export const userCommand: Command = { name: 'user', register }
