import type { FastifyInstance } from 'fastify'
import type { Context } from './context.ts'
import { tellClient } from './endpoints/ciba-notification.ts'
import { presentApiError } from './http/api-errors.ts'
import { queryForm } from './http/forms.ts'
import { sendJson } from './http/json.ts'
import { epochSeconds } from './lib/clock.ts'
import { readToken } from './lib/opaque-token.ts'
import { invalidRequest } from './protocol/error.ts'
import { approveRequest, denyRequest, findDecoupledRequest } from './tokens/decoupled-requests.ts'

/**
 * POST /test/approval?auth_req_id=…&action=allow|deny decides a backchannel request in the place of its person, for tests that have no
 * browser. Mounted only with PORTNER_TEST_CLOCK, which production issuers refuse.
 */
export function registerTestApproval(app: FastifyInstance, ctx: Context): void {
  void app.register(async (scope) => {
    scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, _text, done) => done(null, undefined))
    scope.setErrorHandler((error, request, reply) => presentApiError(ctx, error, request, reply))
    scope.post('/test/approval', async (request, reply) => {
      const { single } = queryForm(request)
      const id = readToken('cr', single.get('auth_req_id') ?? '')?.id
      const waiting = id === undefined ? undefined : await findDecoupledRequest(ctx, id)
      if (waiting?.expectedUser === undefined) throw invalidRequest('No such request waits')
      const approval = { userId: waiting.expectedUser, scopes: waiting.scopes, details: { amr: ['user'] }, authTime: epochSeconds(ctx.clock) }
      const decided = single.get('action') === 'allow' ? await approveRequest(ctx, waiting.id, approval) : await denyRequest(ctx, waiting.id)
      if (decided !== undefined) await tellClient(ctx, decided)
      return sendJson(reply, { decided: decided !== undefined })
    })
  })
}
