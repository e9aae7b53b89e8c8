import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Client, hasSecret, ownerOf } from '../../clients/client.ts'
import type { Context } from '../../context.ts'
import { type HttpAnswer, type HttpRequest, isGood, textOf } from '../../demo/exchange.ts'
import { answerText, requestText } from '../../demo/wire-text.ts'
import type { DashboardTryModel, TradeForm, TriedCheck, TriedExchange } from '../../http/dashboard-try-views.ts'
import { anyQueryForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { diagnosisPath } from '../../http/trace-request.ts'
import { notFound } from '../../account/not-found.ts'
import { changeClient } from '../change.ts'
import { CLIENTS, clientPath, headOf, mayTry, mayWith, requireClient } from '../own-client.ts'
import { type DashboardKit, type DashboardSection, type Desk, isDesk } from '../section.ts'
import { ask, begin, type Begun, findBegun, idTokenChecks, startAddress, tokenRequest, TRIED, userinfoRequest } from '../trying.ts'

// "Try it now" (P-02): the whole code flow with an application of one's own, through the real doors. Its address of answers becomes a sign-in
// address of the application only by the developer's own click: nothing widens an application by itself.

type Shown = Partial<Pick<DashboardTryModel, 'exchanges' | 'checks' | 'trade' | 'refused'>> & { readonly status?: number }

function addressOf({ config }: Context): string {
  return `${config.issuer}${TRIED}`
}

async function show(ctx: Context, kit: DashboardKit, request: FastifyRequest, reply: FastifyReply, desk: Desk, client: Client, { status = 200, ...shown }: Shown = {}): Promise<FastifyReply> {
  const { clientId, metadata } = client
  const isReady = metadata.redirect_uris.includes(addressOf(ctx))
  const model: DashboardTryModel = {
    desk: await kit.frame(request, desk, 'clients', ownerOf(client)),
    head: headOf(client, requestLocale(request), 'try'),
    address: addressOf(ctx),
    startHref: isReady ? startAddress(ctx, client, begin(ctx, clientId, desk.actor.userId)) : undefined,
    add: isReady || !mayWith(desk, client, 'change') ? undefined : { action: clientPath(clientId, 'try'), csrf: kit.token(desk, `try/${clientId}`) },
    addressesHref: clientPath(clientId, 'addresses'),
    refused: false,
    exchanges: [],
    checks: [],
    ...shown,
  }
  return page(reply, request, 'dashboard-try', model, { status })
}

function exchange(id: TriedExchange['id'], shown: HttpRequest, answer: HttpAnswer): TriedExchange {
  const reference = answer.headers['x-request-id']
  const good = isGood(answer)
  return { id, request: requestText(shown), answer: { status: answer.status, good, text: answerText(answer), diagnosisHref: good || reference === undefined ? undefined : diagnosisPath(reference) } }
}

/** What came back by the browser, and what an application has to look at before anything else (RFC 9207, RFC 6749 §10.12). */
function answerOf(ctx: Context, single: ReadonlyMap<string, string>): { readonly exchange: TriedExchange; readonly checks: readonly TriedCheck[] } {
  const told = ['code', 'error', 'error_description', 'state', 'iss'].flatMap((name) => (single.has(name) ? [[name, single.get(name) ?? ''] as const] : []))
  const refusal = single.get('error')
  const request = requestText({ method: 'GET', url: `${addressOf(ctx)}?${new URLSearchParams(Object.fromEntries(told))}`, headers: {} })
  return {
    exchange: { id: 'answer', request },
    checks: [
      // Whoever comes here with a state of somebody else's finds nothing (`begunBy`).
      { name: 'state', value: single.get('state') ?? '', good: true },
      { name: 'iss', value: single.get('iss') ?? '', good: single.get('iss') === ctx.config.issuer },
      ...(refusal === undefined ? [] : [{ name: 'error', value: refusal, good: false }]),
    ],
  }
}

/** What this person began, and with which application. Throws `not_found`. */
async function begunBy(ctx: Context, desk: Desk, state: string | undefined): Promise<{ readonly begun: Begun; readonly client: Client }> {
  const begun = findBegun(ctx, desk.actor.userId, state ?? '')
  if (begun === undefined) throw notFound()
  const client = await requireClient(ctx, desk, begun.clientId)
  if (!mayTry(client)) throw notFound()
  return { begun, client }
}

function tradeForm(kit: DashboardKit, desk: Desk, client: Client, state: string, code: string): TradeForm {
  return { action: `${TRIED}/token`, csrf: kit.token(desk, 'try/token'), state, code, needsSecret: hasSecret(client.metadata) }
}

async function trade(ctx: Context, app: FastifyInstance, from: string, client: Client, begun: Begun, code: string, secret: string): Promise<Required<Pick<Shown, 'exchanges' | 'checks'>>> {
  const { request, shown } = tokenRequest(ctx, client, begun, code, secret)
  const answer = await ask(app, request, from)
  const token = exchange('token', shown, answer)
  const accessToken = textOf(answer, 'access_token')
  if (accessToken === undefined) return { exchanges: [token], checks: [] }
  const checks = await idTokenChecks(app, ctx, client, begun, answer, from)
  const asked = userinfoRequest(ctx, accessToken)
  return { exchanges: [token, exchange('userinfo', asked, await ask(app, asked, from))], checks }
}

interface Named {
  Params: { id: string }
}

export const trySection: DashboardSection = {
  name: 'try',
  pages: (app: FastifyInstance, ctx, kit) => {
    const client = async (desk: Desk, id: string, action: 'read' | 'change' = 'read'): Promise<Client> => {
      const found = await requireClient(ctx, desk, id, action)
      if (!mayTry(found)) throw notFound()
      return found
    }

    app.get<Named>(`${CLIENTS}/:id/try`, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply)
      return isDesk(desk) ? show(ctx, kit, request, reply, desk, await client(desk, request.params.id)) : desk
    })

    app.post<Named>(`${CLIENTS}/:id/try`, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply)
      if (!isDesk(desk)) return desk
      kit.ownForm(request, desk, `try/${request.params.id}`)
      const found = await client(desk, request.params.id, 'change')
      const faults = await changeClient(ctx, desk, found, { redirect_uris: [...found.metadata.redirect_uris.filter((one) => one !== addressOf(ctx)), addressOf(ctx)] })
      return faults.length > 0 ? show(ctx, kit, request, reply, desk, found, { refused: true, status: 400 }) : goTo(reply, clientPath(found.clientId, 'try'))
    })

    app.get(TRIED, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply)
      if (!isDesk(desk)) return desk
      const { single } = anyQueryForm(request)
      const { begun, client: found } = await begunBy(ctx, desk, single.get('state'))
      const { exchange: came, checks } = answerOf(ctx, single)
      const code = single.get('code')
      return show(ctx, kit, request, reply, desk, found, { exchanges: [came], checks, trade: code === undefined ? undefined : tradeForm(kit, desk, found, begun.state, code) })
    })

    app.get(`${TRIED}/token`, async (_request, reply) => goTo(reply, '/dashboard'))
    app.post(`${TRIED}/token`, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply)
      if (!isDesk(desk)) return desk
      const { single } = kit.ownForm(request, desk, 'try/token')
      const { begun, client: found } = await begunBy(ctx, desk, single.get('state'))
      return show(ctx, kit, request, reply, desk, found, await trade(ctx, app, request.ip, found, begun, single.get('code') ?? '', single.get('secret') ?? ''))
    })
  },
}
