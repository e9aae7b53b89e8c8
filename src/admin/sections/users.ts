import { findConsentObject } from '../../consents/objects.ts'
import type { Context } from '../../context.ts'
import { endAllSessions, mayBeSentReset, sendReset, setLocked, takeFactors } from '../../declarations/people.ts'
import type { AdminAction } from '../../http/admin-views.ts'
import { requestLocale } from '../../http/pages.ts'
import { isRowId } from '../../lib/random.ts'
import { withdrawAsOperator } from '../../tokens/withdraw-consent.ts'
import { findConsentById } from '../../users/consents.ts'
import { findUser, searchUsers } from '../../users/store.ts'
import { displayName, type User } from '../../users/user.ts'
import { code, link, word } from '../cells.ts'
import { type Change, changer, registerChange } from '../change.ts'
import { registerList, ROWS } from '../list-page.ts'
import type { AdminSection, Operator } from '../section.ts'
import { registerThing } from '../thing-page.ts'
import { userFacts, userTables } from '../user-facts.ts'

// People: who they are, where they are signed in, what proves them, and what they let applications do. Never a secret, and nobody is anybody
// else: there is no way here to act as a person.

const NAME = 'users'
const PATH = '/admin/users'
const FILTERS = [{ name: 'q', hint: true }, { name: 'organization' }, { name: 'status', options: ['active', 'locked'] }] as const

function hrefOf({ userId }: User): string {
  return `${PATH}/${userId}`
}

async function readUser(ctx: Context, id: string): Promise<User | undefined> {
  return isRowId(id) ? findUser(ctx.db, id) : undefined
}

function isStatus(value: string | undefined): value is User['status'] {
  return value === 'active' || value === 'locked'
}

// Whoever locks themselves out needs the command line to come back.
async function actionsFor(ctx: Context, operator: Operator, user: User): Promise<readonly AdminAction[]> {
  const names = [
    ...(user.userId === operator.user.userId ? [] : [user.status === 'locked' ? 'unlock' : 'lock']),
    'end-sessions',
    ...(await mayBeSentReset(ctx, user) ? ['send-reset'] : []),
    'remove-factors',
  ]
  return names.map((name) => ({ name, href: `${hrefOf(user)}/${name}` }))
}

function changes(ctx: Context): readonly Change<User>[] {
  const of = { section: NAME, find: (id: string) => readUser(ctx, id), subject: displayName, backHref: hrefOf }
  const others = { ...of, find: async (id: string, operator: Operator) => (id === operator.user.userId ? undefined : readUser(ctx, id)) }
  return [
    { ...others, path: `${PATH}/:id/lock`, question: 'lock', act: (user, { operator }) => setLocked(ctx, changer(operator), user, true) },
    { ...others, path: `${PATH}/:id/unlock`, question: 'unlock', act: (user, { operator }) => setLocked(ctx, changer(operator), user, false) },
    { ...of, path: `${PATH}/:id/end-sessions`, question: 'end-sessions', box: 'offline', act: async (user, { operator, ticked }) => void (await endAllSessions(ctx, changer(operator), user, ticked)) },
    { ...of, path: `${PATH}/:id/remove-factors`, question: 'remove-factors', reason: true, act: (user, { operator, reason, request }) => takeFactors(ctx, changer(operator), user, { reason, language: requestLocale(request) }) },
    {
      ...of,
      path: `${PATH}/:id/send-reset`,
      question: 'send-reset',
      find: async (id) => {
        const user = await readUser(ctx, id)
        return user !== undefined && (await mayBeSentReset(ctx, user)) ? user : undefined
      },
      act: (user, { operator, request }) => sendReset(ctx, changer(operator), user, requestLocale(request)),
    },
  ]
}

function withdrawal(ctx: Context): Change<{ readonly consentId: string; readonly userId: string }> {
  return {
    section: NAME,
    path: '/admin/consents/:id/withdraw',
    question: 'withdraw',
    reason: true,
    find: async (id) => (await findConsentById(ctx, id)) ?? findConsentObject(ctx, id),
    backHref: ({ userId }) => `${PATH}/${userId}`,
    act: async ({ consentId }, { operator, reason }) => void (await withdrawAsOperator(ctx, consentId, reason, operator.user.userId)),
  }
}

export const users: AdminSection = {
  name: NAME,
  path: PATH,
  pages: (app, ctx, kit) => {
    registerList<User>(app, kit, {
      section: NAME,
      path: PATH,
      names: FILTERS,
      columns: ['name', 'username', 'address', 'organization', 'status'],
      find: ({ filters, after }) => {
        const status = filters.get('status')
        return searchUsers(ctx.db, { query: filters.get('q'), organizationId: filters.get('organization'), status: isStatus(status) ? status : undefined }, { after: after !== undefined && isRowId(after) ? after : undefined, limit: ROWS + 1 })
      },
      idOf: ({ userId }) => userId,
      cells: (user) => [link(displayName(user), hrefOf(user)), code(user.username), code(user.claims.email), code(user.organizationId), word(user.status)],
    })
    registerThing<User>(app, kit, {
      section: NAME,
      path: PATH,
      find: (id) => readUser(ctx, id),
      show: async (user, language, operator) => ({ title: displayName(user), facts: await userFacts(ctx, user), tables: await userTables(ctx, user, language), actions: await actionsFor(ctx, operator, user) }),
    })
    for (const change of changes(ctx)) registerChange(app, kit, change)
    registerChange(app, kit, withdrawal(ctx))
  },
}
