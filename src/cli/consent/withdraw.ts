import type { Command as Commander } from 'commander'
import { readConfig } from '../../config.ts'
import { withdrawAsOperator } from '../../tokens/withdraw-consent.ts'
import { withExamples, withOutputOptions } from '../command.ts'
import { withContext } from '../connect.ts'
import type { Io } from '../io.ts'
import { type OutputOptions, print } from '../output.ts'
import { Failure, status } from '../status.ts'

const LONGEST_REASON = 200

async function withdraw(io: Io, id: string, options: OutputOptions & { readonly reason: string }): Promise<number> {
  const reason = options.reason.trim()
  if (reason === '' || reason.length > LONGEST_REASON || /\p{Cc}/u.test(reason)) throw new Failure(`--reason is one line of 1 to ${LONGEST_REASON} characters`, 'it is kept with the record; name no person in it', status.usage)
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    const result = await withdrawAsOperator(ctx, id, reason)
    if (result === undefined) throw new Failure(`There is no consent ${id}`, 'list them with: portner consent list --user or --client')
    const text = result === 'withdrawn' ? 'withdrawn: its tokens are dead at their next use' : 'nothing to withdraw: it had ended before'
    print(io, options, { json: { consent_id: id, withdrawn: result === 'withdrawn' }, ids: result === 'withdrawn' ? [id] : [], text })
    return result === 'withdrawn' ? status.ok : status.failed
  })
}

/** `portner consent withdraw`. */
export function registerWithdraw(group: Commander, io: Io, finish: (status: number) => void): void {
  const command = withOutputOptions(group.command('withdraw'))
    .description('end a consent, with everything that rests on it; the person finds it in their history, the application hears of it')
    .argument('<consent_id>')
    .requiredOption('--reason <text>', 'why, for the record; no names of people')
  withExamples(command.action(async (id: string, options: OutputOptions & { readonly reason: string }) => finish(await withdraw(io, id, options))), ['portner consent withdraw 0190c2a7-5b5f-7c3e-8d0e-0123456789ab --reason "agreement with the bank has ended"'])
}
