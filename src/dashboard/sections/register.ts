import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { applicationTypes } from '../../clients/metadata.ts'
import type { Context } from '../../context.ts'
import type { Document } from '../../declarations/kind.ts'
import { type ChangeFault, ChangeRefused } from '../../declarations/refused.ts'
import type { DashboardRegisterModel, FieldFault } from '../../http/dashboard-views.ts'
import { bodyForm, queryForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { redirectOrigin } from '../../protocol/redirect-uri.ts'
import { nameOfAnother } from '../../upstream/misleading-name.ts'
import { ownerName } from '../acting-for.ts'
import { create, faultsOfChange } from '../change.ts'
import { clientPath, requireClient } from '../own-client.ts'
import { nameOfOwner } from '../owner-name.ts'
import { type DashboardKit, type DashboardSection, type Desk, isDesk } from '../section.ts'
import { secretPage } from '../secret-page.ts'
import { faultsOf, isInsecure, possibleOwners, readTyped, registrationOf, type Typed } from '../typed-registration.ts'

// Registering an application in four fields (P-01). The id is drawn with the page and is part of the form's token: sent twice, it registers once.

const NAME = 'clients'
const PATH = '/dashboard/register'

async function modelOf(ctx: Context, request: FastifyRequest, kit: DashboardKit, desk: Desk, typed: Typed, faults: readonly FieldFault[]): Promise<DashboardRegisterModel> {
  const language = requestLocale(request)
  const owner = possibleOwners(desk).find((one) => ownerName(one) === typed.owner)
  return {
    desk: await kit.frame(request, desk, NAME, owner),
    action: PATH,
    csrf: kit.token(desk, `register/${typed.clientId}`),
    ...typed,
    kinds: applicationTypes,
    owners: await Promise.all(possibleOwners(desk).map(async (one) => ({ value: ownerName(one), name: await nameOfOwner(ctx, one, language) }))),
    faults,
    insecure: isInsecure(typed) ? { origin: redirectOrigin(typed.address), accepted: typed.accepted } : undefined,
  }
}

interface Made {
  /** Of the new application, if it has one. */
  readonly secret: string | undefined
  /** The form was sent before. */
  readonly isThere: boolean
  readonly faults: readonly ChangeFault[]
}

async function make(ctx: Context, desk: Desk, registration: Document): Promise<Made> {
  let made: Pick<Made, 'secret' | 'isThere'> = { secret: undefined, isThere: false }
  const faults = await faultsOfChange(async () => {
    try {
      made = { secret: (await create(ctx, desk, 'client', registration)).secret, isThere: false }
    } catch (error) {
      if (!(error instanceof ChangeRefused && error.refusal === 'exists')) throw error
      made = { secret: undefined, isThere: true }
    }
  })
  return { ...made, faults }
}

/** What has changed since the form was judged: at its field. */
function fieldFault({ path }: ChangeFault): FieldFault {
  if (path === 'organization') return { field: 'owner', fault: 'empty' }
  return path.startsWith('client_name') ? { field: 'name', fault: 'taken' } : { field: 'address', fault: 'other' }
}

async function register(ctx: Context, request: FastifyRequest, reply: FastifyReply, kit: DashboardKit, desk: Desk, typed: Typed): Promise<FastifyReply> {
  const again = async (faults: readonly FieldFault[]): Promise<FastifyReply> => page(reply, request, 'dashboard-register', await modelOf(ctx, request, kit, desk, typed, faults), { status: 400 })
  const faults = faultsOf(desk, typed)
  const owner = possibleOwners(desk).find((one) => ownerName(one) === typed.owner)
  if (faults.length > 0 || owner === undefined) return again(faults)
  if ((await nameOfAnother(ctx, { client_name: typed.name })) !== undefined) return again([{ field: 'name', fault: 'taken' }])
  const { secret, isThere, faults: wrong } = await make(ctx, desk, registrationOf(typed, owner))
  if (wrong.length > 0) return again(wrong.map(fieldFault))
  if (isThere) return goTo(reply, clientPath(typed.clientId))
  return secretPage(ctx, request, reply, kit, desk, await requireClient(ctx, desk, typed.clientId), { made: true, secret })
}

export const registerSection: DashboardSection = {
  name: 'register',
  pages: (app: FastifyInstance, ctx, kit) => {
    app.get(PATH, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply)
      if (!isDesk(desk)) return desk
      const owner = possibleOwners(desk).find((one) => ownerName(one) === ownerName(desk.acting)) ?? { userId: desk.actor.userId }
      const kind = queryForm(request).single.get('kind') ?? 'web'
      return page(reply, request, 'dashboard-register', await modelOf(ctx, request, kit, desk, { clientId: randomUUID(), name: '', kind, address: '', owner: ownerName(owner), accepted: false }, []))
    })

    app.post(PATH, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply)
      if (!isDesk(desk)) return desk
      // The token is read with the id in it: another id is another form.
      const typed = readTyped(bodyForm(request))
      kit.ownForm(request, desk, `register/${typed.clientId}`)
      return register(ctx, request, reply, kit, desk, typed)
    })
  },
}
