import type { FastifyInstance } from 'fastify'
import type { Context } from '../context.ts'
import { goTo } from '../http/leave.ts'
import { page } from '../http/pages.ts'
import { factorsOf } from '../signin/factors-of.ts'
import { deletePasskey, listPasskeys, renamePasskey } from '../users/passkeys.ts'
import { defaultPasskeyName } from '../users/passkey-name.ts'
import { registrationOptions, takeRegistration } from '../users/webauthn.ts'
import { afterAdding, afterRemoving, TWO_STEP, WHY } from './factor-changes.ts'
import { notFound } from './not-found.ts'
import { type Account, type AccountKit, isAccount } from './section.ts'

// Passkeys are made, named and removed.

const NAME = 'two-step'
const PATH = `${TWO_STEP}/passkeys`
const LONGEST_NAME = 60

function subject({ user, browserId }: Account): string {
  return `account/${browserId}/${user.userId}`
}

function nameOf(ctx: Context, typed: string | undefined): string {
  const name = (typed ?? '').normalize('NFC').replaceAll(/[\p{Cc}\p{Cf}]/gu, '').trim().slice(0, LONGEST_NAME)
  return name === '' ? defaultPasskeyName(ctx) : name
}

interface Named {
  Params: { id: string }
}

export function passkeyPages(app: FastifyInstance, ctx: Context, kit: AccountKit): void {
  app.get(`${PATH}/options`, async (request, reply) => {
    const account = await kit.requireAccount(request, reply, { recent: WHY })
    if (!isAccount(account)) return account
    return reply.header('cache-control', 'no-store').send(await registrationOptions(ctx, subject(account), account.user, await listPasskeys(ctx, account.user.userId)))
  })

  app.get(PATH, async (request, reply) => {
    const account = await kit.requireAccount(request, reply, { recent: WHY })
    if (!isAccount(account)) return account
    return page(reply, request, 'account-passkey-new', { frame: kit.frame(request, account, NAME), action: PATH, csrf: kit.token(account, PATH), optionsHref: `${PATH}/options`, backHref: TWO_STEP })
  })
  app.post(PATH, async (request, reply) => {
    const account = await kit.requireAccount(request, reply, { recent: WHY })
    if (!isAccount(account)) return account
    const form = kit.ownForm(request, account, PATH)
    const isFirst = (await factorsOf(ctx, account.user)).length === 0
    const made = await takeRegistration(ctx, form.single.get('credential') ?? '', subject(account), account.user.userId, nameOf(ctx, form.single.get('name')))
    if (made === undefined) return goTo(reply, `${TWO_STEP}?done=passkey-refused`)
    return afterAdding(ctx, request, reply, account, 'passkey', made.amr, isFirst)
  })

  app.get<Named>(`${PATH}/:id`, async (request, reply) => {
    const account = await kit.requireAccount(request, reply, { recent: WHY })
    if (!isAccount(account)) return account
    const passkey = (await listPasskeys(ctx, account.user.userId)).find(({ credentialId }) => credentialId === request.params.id)
    if (passkey === undefined) throw notFound()
    const { credentialId: id, name } = passkey
    return page(reply, request, 'account-passkey', { frame: kit.frame(request, account, NAME), id, name, action: `${PATH}/${id}`, csrf: kit.token(account, `${NAME}/${id}`), backHref: TWO_STEP })
  })

  app.post<Named>(`${PATH}/:id`, async (request, reply) => {
    const account = await kit.requireAccount(request, reply, { recent: WHY })
    if (!isAccount(account)) return account
    const { id } = request.params
    const { userId } = account.user
    const form = kit.ownForm(request, account, `${NAME}/${id}`)
    if (form.single.get('decision') === 'remove') {
      if (!(await deletePasskey(ctx, userId, id))) throw notFound()
      return afterRemoving(ctx, request, reply, account, 'passkey')
    }
    if (!(await renamePasskey(ctx, userId, id, nameOf(ctx, form.single.get('name'))))) throw notFound()
    return goTo(reply, `${TWO_STEP}?done=passkey-renamed`)
  })
}
