import type { Command as Commander } from 'commander'
import type { Command } from '../command.ts'
import type { Io } from '../io.ts'
import { registerList } from './list.ts'
import { registerWithdraw } from './withdraw.ts'

function register(parent: Commander, io: Io, finish: (status: number) => void): void {
  const group = parent.command('consent').description('what people have let applications have')
  registerList(group, io, finish)
  registerWithdraw(group, io, finish)
}

export const consentCommand: Command = { name: 'consent', register }
