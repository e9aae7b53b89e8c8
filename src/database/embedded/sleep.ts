import { setTimeout } from 'node:timers/promises'

/** Waits for a number of milliseconds. */
export async function sleep(milliseconds: number): Promise<void> {
  await setTimeout(milliseconds)
}
