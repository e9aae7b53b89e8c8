import type { FastifyInstance } from 'fastify'
import type { Context } from '../../context.ts'
import { page } from '../../http/pages.ts'
import { keyState } from '../../keys/signing-key.ts'
import { listKeys, rotateKeys } from '../../keys/store.ts'
import { code, moment, word } from '../cells.ts'
import { registerChange } from '../change.ts'
import { listModel } from '../list-page.ts'
import { type AdminKit, type AdminSection, isOperator } from '../section.ts'

// The keys that sign tokens: which there are and what each does, and publishing successors now. Only what everybody may know of them.

const NAME = 'keys'
const PATH = '/admin/keys'

function listPage(app: FastifyInstance, ctx: Context, kit: AdminKit): void {
  app.get(PATH, async (request, reply) => {
    const operator = await kit.requireOperator(request, reply)
    if (!isOperator(operator)) return operator
    const now = ctx.clock.now()
    const things = await listKeys(ctx.db, ctx.sealing)
    return page(reply, request, 'admin-list', {
      ...listModel(kit, request, operator, {
        section: NAME, path: PATH, names: [], filters: new Map(), things,
        columns: ['key', 'algorithm', 'state', 'signs-from', 'retires', 'leaves'],
        idOf: ({ kid }) => kid,
        cells: (key) => [code(key.kid), code(key.alg), word(keyState(key, now)), moment(key.signsFrom), moment(key.retiresAt), moment(key.leavesAt)],
        actions: [{ name: 'rotate', href: `${PATH}/rotate` }],
      }),
    })
  })
}

export const keys: AdminSection = {
  name: NAME,
  path: PATH,
  pages: (app, ctx, kit) => {
    listPage(app, ctx, kit)
    registerChange<true>(app, kit, {
      section: NAME,
      path: `${PATH}/rotate`,
      question: 'rotate',
      find: () => Promise.resolve(true),
      backHref: () => PATH,
      act: async (_all, { operator }) => {
        ctx.audit.record({ event: 'keys.rotated', kids: await rotateKeys(ctx.db, ctx.sealing, 0), actor: operator.user.userId })
      },
    })
  },
}
