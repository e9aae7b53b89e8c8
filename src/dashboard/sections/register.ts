import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { applicationTypes, type ClientMetadata } from '../../clients/metadata.ts'
import type { Context } from '../../context.ts'
import { ChangeRefused } from '../../declarations/refused.ts'
import type { DashboardRegisterModel, FieldFault } from '../../http/dashboard-views.ts'
import { bodyForm, queryForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { OAuthError, refusedByLimit } from '../../protocol/error.ts'
import { redirectOrigin } from '../../protocol/redirect-uri.ts'
import { countAttempt } from '../../signin/attempts.ts'
import { requireOwnName } from '../../upstream/misleading-name.ts'
import { ownerName } from '../acting-for.ts'
import { create } from '../change.ts'
import { clientPath, requireClient } from '../own-client.ts'
import { nameOfOwner } from '../owner-name.ts'
import { type DashboardKit, type DashboardSection, type Desk, isDesk } from '../section.ts'
import { secretPage } from '../secret-page.ts'
import { faultsOf, isInsecure, metadataOf, possibleOwners, readTyped, type Typed } from '../typed-registration.ts'

// Registering an application in four fields (P-01). The id is drawn with the page and is part of the form's token: sent twice, it registers once.

const NAME = 'clients'
const PATH = '/dashboard/register'
/** Rows that one person can make in a day (security.md rule 28). */
const MOST_A_DAY = 50
const DAY_SECONDS = 86_400
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

/** The name has that of the service or of an institution in it. */
async function nameFault(ctx: Context, metadata: ClientMetadata): Promise<readonly FieldFault[]> {
  try {
    await requireOwnName(ctx, metadata)
    return []
  } catch (error) {
    if (error instanceof OAuthError && error.code === 'invalid_client_metadata') return [{ field: 'name', fault: 'taken' }]
    throw error
  }
}

async function requireMayRegister(ctx: Context, desk: Desk): Promise<void> {
  const { count, until } = await countAttempt(ctx, `dashboard/register/${desk.actor.userId}`, DAY_SECONDS)
  if (count > MOST_A_DAY) throw refusedByLimit(429, 'Too many registrations today', { 'retry-after': String(Math.max(1, Math.ceil((until.getTime() - ctx.clock.now()) / 1000))) })
}

/** The secret of the new application, if it has one. The form sent again finds that it is there. */
async function made(ctx: Context, desk: Desk, metadata: ClientMetadata): Promise<{ readonly secret: string | undefined } | 'exists'> {
  try {
    return { secret: (await create(ctx, desk, 'client', metadata)).secret }
  } catch (error) {
    if (error instanceof ChangeRefused && error.refusal === 'exists') return 'exists'
    throw error
  }
}

async function register(ctx: Context, request: FastifyRequest, reply: FastifyReply, kit: DashboardKit, desk: Desk, typed: Typed): Promise<FastifyReply> {
  const again = async (faults: readonly FieldFault[]): Promise<FastifyReply> => page(reply, request, 'dashboard-register', await modelOf(ctx, request, kit, desk, typed, faults), { status: 400 })
  const faults = faultsOf(desk, typed)
  const owner = possibleOwners(desk).find((one) => ownerName(one) === typed.owner)
  if (faults.length > 0 || owner === undefined) return again(faults)
  const metadata = metadataOf(typed, owner)
  const misleading = await nameFault(ctx, metadata)
  if (misleading.length > 0) return again(misleading)
  await requireMayRegister(ctx, desk)
  const secret = await made(ctx, desk, metadata)
  if (secret === 'exists') return goTo(reply, clientPath(typed.clientId))
  return secretPage(ctx, request, reply, kit, desk, await requireClient(ctx, desk, typed.clientId), { made: true, ...secret })
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
