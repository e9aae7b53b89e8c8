import type { Command as Commander } from 'commander'
import type { Command } from '../command.ts'
import type { Io } from '../io.ts'
import { registerChange } from './change.ts'
import { registerCreate } from './create.ts'
import { registerShow } from './show.ts'

function register(parent: Commander, io: Io, finish: (status: number) => void): void {
  const group = parent.command('client').description('applications that people sign in to, and services')
  registerCreate(group, io, finish)
  registerShow(group, io, finish)
  registerChange(group, io, finish)
}

export const clientCommand: Command = { name: 'client', register }
