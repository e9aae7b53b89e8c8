import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isEnabled } from '../clients/client.ts'
import { findClientByKey } from '../clients/store.ts'
import type { Context } from '../context.ts'
import { goTo } from '../http/leave.ts'
import { page } from '../http/pages.ts'
import { isRowId } from '../lib/random.ts'
import { ensureBrowser, readBrowser } from '../signin/browser.ts'
import { startOf } from '../signin/routes.ts'
import { createInteraction } from '../signin/store.ts'
import { findDecoupledRequest } from '../tokens/decoupled-requests.ts'
import { decoupledJourney } from './device-verification.ts'
import type { Endpoint } from './endpoint.ts'

// Where a person decides about what a client asked over the back channel. The address decides nothing and proves nothing: whoever opens
// it must sign in as the very person whom the client named.

const PATH = '/approve/:id'

/** The address of a request's page. */
export function approvalAddress(ctx: Context, requestId: string): string {
  return `${ctx.config.issuer}${PATH.replace(':id', requestId)}`
}

async function open(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { id } = request.params as { id: string }
  const waiting = isRowId(id) ? await findDecoupledRequest(ctx, id) : undefined
  const client = waiting && (await findClientByKey(ctx, waiting.clientKey))
  if (waiting?.kind !== 'ciba' || waiting.state !== 'pending' || client === undefined || !isEnabled(client)) return page(reply, request, 'device-done', { connected: false, accountHref: '/account' }, { status: 404 })
  const { browserId } = await readBrowser(ctx, request)
  const interaction = await createInteraction(ctx, await ensureBrowser(ctx, reply, browserId), client.key, decoupledJourney(ctx, client.clientId, waiting, undefined))
  return goTo(reply, startOf(interaction, undefined, browserId === undefined))
}

export const approval: Endpoint = {
  name: 'approval',
  answers: 'people',
  register: (app: FastifyInstance, ctx) => {
    app.get(PATH, (request, reply) => open(ctx, request, reply))
  },
  metadata: () => ({}),
}
