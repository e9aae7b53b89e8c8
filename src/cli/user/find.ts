import type { Context } from '../../context.ts'
import { findLocalUser, findUser, findUsers } from '../../users/store.ts'
import type { User } from '../../users/user.ts'
import { Failure } from '../status.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** A person by `organization/username`, by a user name without an organization, or by user_id. Throws Failure. */
export async function findOrFail(ctx: Context, name: string, organization: string | undefined): Promise<User> {
  const [first, second] = name.split('/')
  const [of, login] = second === undefined ? [organization, name] : [first, second]
  const user = UUID.test(name) ? await findUser(ctx.db, name) : await findLocalUser(ctx.db, of, login ?? '')
  if (user !== undefined) return user
  throw new Failure(`There is no user ${login}${of === undefined ? ' without an organization' : ` in ${of}`}`, 'write organization/username; portner user list shows them')
}

/** A person as commands write one: `organization/username`; who has no account of their own here is known by the id. */
export function userLabel({ username, organizationId, userId }: User): string {
  if (username === undefined) return userId
  return organizationId === undefined ? username : `${organizationId}/${username}`
}

/** People by their ids. */
export async function peopleById(ctx: Context, userIds: readonly string[]): Promise<ReadonlyMap<string, User>> {
  return new Map((await findUsers(ctx.db, userIds)).map((user) => [user.userId, user]))
}
