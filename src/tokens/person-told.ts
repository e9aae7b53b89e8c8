import type { Context } from '../context.ts'
import type { Subject } from '../users/claims.ts'
import type { PersonAuthorization } from './authorization.ts'

/**
 * The person as the tokens of a grant speak of them: by their own id, or by the one of the sector that the client was of when they signed in
 * (OpenID Connect Core §8). It goes with the grant: who exchanges the token, or asks what it stands for, learns no second name.
 */
export function personTold(ctx: Context, { subject, details }: Pick<PersonAuthorization, 'subject' | 'details'>): Subject {
  return details.sector === undefined ? subject : { ...subject, userId: ctx.pairwise.subject(details.sector, subject.userId) }
}
