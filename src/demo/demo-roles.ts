import type { Context } from '../context.ts'
import { listMembers, setMember } from '../organizations/members.ts'
import { addOperator } from '../organizations/operators.ts'
import { findLocalUser } from '../users/store.ts'

// Who does what in the demo: ada runs the server and the organization, lin writes applications for it, kai is a stranger to both.

const ORGANIZATION = 'ntu'

/** Gives the people of the demo their roles; once, so that whoever tries the pages may change them. */
export async function giveDemoRoles(ctx: Context): Promise<void> {
  if ((await listMembers(ctx.db, ORGANIZATION)).length > 0) return
  const [ada, lin] = await Promise.all([findLocalUser(ctx.db, ORGANIZATION, 'ada'), findLocalUser(ctx.db, ORGANIZATION, 'lin')])
  if (ada !== undefined) await Promise.all([addOperator(ctx.db, ada.userId), setMember(ctx.db, ORGANIZATION, ada.userId, 'admin')])
  if (lin !== undefined) await setMember(ctx.db, ORGANIZATION, lin.userId, 'developer')
}
