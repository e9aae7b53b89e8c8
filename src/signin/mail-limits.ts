import type { Context } from '../context.ts'
import { countAttempts } from './attempts.ts'
import { networkOf } from './throttle.ts'

// Owns how often mails may be asked for: per person who gets them, so that nobody's mailbox is filled by a stranger, and per network, so
// that nobody asks through a list of names. Counted by what was typed too, known or not, in the same statements.

const WINDOW_SECONDS = 3600
const PER_PERSON = 5
const PER_NETWORK = 30

export interface MailWish {
  /** What the mail is for: each purpose counts alone. */
  readonly purpose: 'reset' | 'sign-up' | 'address-change' | 'sign-in-code'
  /** Whoever would get it: an address, a user id, or a name that may be nobody's. */
  readonly person: string
  /** The address that the wish came from. */
  readonly network: string
}

/** Counts a wish for a mail. Says until when no more are taken, or nothing when this one may go on. */
export async function limitMail(ctx: Context, { purpose, person, network }: MailWish): Promise<Date | undefined> {
  const [own, net] = await countAttempts(ctx, [`mail/${purpose}/person/${person}`, `mail/${purpose}/network/${networkOf(network)}`], WINDOW_SECONDS)
  if (own.count > PER_PERSON) return own.until
  return net.count > PER_NETWORK ? net.until : undefined
}
