import type { Context } from '../context.ts'
import { groupsClaim } from '../groups/ask.ts'
import type { ClaimsRequest } from '../protocol/claims-request.ts'
import type { Subject } from '../users/claims.ts'
import type { PersonAuthorization } from './authorization.ts'

/** The person with all the groups that they are in now, where the scope or a claim asks for them: whoever does not ask waits for no source. */
export async function withGroups(ctx: Context, { subject }: Pick<PersonAuthorization, 'subject'>, told: Subject, scopes: readonly string[], asked: ClaimsRequest['userinfo']): Promise<Subject> {
  if (!scopes.includes('groups') && asked?.['groups'] === undefined) return told
  return { ...told, groups: await groupsClaim(ctx, subject.userId) }
}
