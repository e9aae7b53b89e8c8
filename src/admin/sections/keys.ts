import { rotateKeysForSaml, rotateSigningKeys } from '../../declarations/keys.ts'
import { keyState, type SigningKey } from '../../keys/signing-key.ts'
import { listKeys } from '../../keys/store.ts'
import { code, moment, word } from '../cells.ts'
import { changer, registerChange } from '../change.ts'
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
      actions: () => ['rotate', 'rotate-saml'].map((name) => ({ name, href: `${PATH}/${name}` })),
    })
    for (const [question, publish] of [['rotate', rotateSigningKeys], ['rotate-saml', rotateKeysForSaml]] as const) {
      registerChange<true>(app, kit, {
        section: NAME,
        path: `${PATH}/${question}`,
        question,
        find: () => Promise.resolve(true),
        backHref: () => PATH,
        act: async (_all, { operator }) => void (await publish(ctx, changer(operator))),
      })
    }
  },
}
