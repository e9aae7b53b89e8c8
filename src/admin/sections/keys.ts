import { keyState, type SigningKey } from '../../keys/signing-key.ts'
import { listKeys, rotateKeys } from '../../keys/store.ts'
import { code, moment, word } from '../cells.ts'
import { registerChange } from '../change.ts'
import { registerList } from '../list-page.ts'
import type { AdminSection } from '../section.ts'

// The keys that sign tokens: which there are and what each does, and publishing successors now. Only what everybody may know of them.

const NAME = 'keys'
const PATH = '/admin/keys'

export const keys: AdminSection = {
  name: NAME,
  path: PATH,
  pages: (app, ctx, kit) => {
    registerList<SigningKey>(app, kit, {
      section: NAME,
      path: PATH,
      names: [],
      columns: ['key', 'algorithm', 'state', 'signs-from', 'retires', 'leaves'],
      find: () => listKeys(ctx.db, ctx.sealing),
      idOf: ({ kid }) => kid,
      cells: (key) => [code(key.kid), code(key.alg), word(keyState(key, ctx.clock.now())), moment(key.signsFrom), moment(key.retiresAt), moment(key.leavesAt)],
      actions: () => [{ name: 'rotate', href: `${PATH}/rotate` }],
    })
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
