import type { ChangeRules } from '../declarations/change.ts'
import type { Changer } from '../declarations/changer.ts'
import { ChangeRefused, type Refusal } from '../declarations/refused.ts'
import { offered } from '../endpoints/offered.ts'
import { Failure, status } from './status.ts'

// Who changes something at the command line: whoever can read the server's own secrets is its operator, and nobody whom it knows.

export const changer: Changer = { actor: { userId: 'command', operator: true, roles: new Map() }, through: 'command' }
export const rules: ChangeRules = { offered }

/** Whether a change was made; not when it was refused for this reason, because all is so already. */
export async function unless(refusal: Refusal, work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    if (error instanceof ChangeRefused && error.refusal === refusal) return false
    throw error
  }
}

/** A change by the rules for files, with its refusals as commands tell them. */
export async function change<T>(work: () => Promise<T> | T, remedy: string): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ChangeRefused && error.refusal === 'invalid') throw new Failure(error.faults.map(({ message }) => message).join('\n'), remedy, status.usage)
    throw error
  }
}
