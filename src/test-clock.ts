import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Context } from './context.ts'
import { presentApiError } from './http/api-errors.ts'
import { sendJson } from './http/json.ts'
import { invalidRequest } from './protocol/error.ts'

const body = z.strictObject({ advance_seconds: z.number().min(-1e9).max(1e9) })

/** POST /test/clock moves the clock of the server and its database. Mounted only with PORTNER_TEST_CLOCK, which production issuers refuse. */
export function registerTestClock(app: FastifyInstance, ctx: Context, move: (seconds: number) => Promise<number>): void {
  void app.register(async (scope) => {
    scope.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => done(null, text))
    scope.setErrorHandler((error, request, reply) => presentApiError(ctx, error, request, reply))
    scope.post('/test/clock', async (request, reply) => {
      const result = body.safeParse(readJson(request.body))
      if (!result.success) throw invalidRequest('Send {"advance_seconds": number}')
      return sendJson(reply, { offset_seconds: await move(result.data.advance_seconds) })
    })
  })
}

function readJson(text: unknown): unknown {
  try {
    return JSON.parse(String(text))
  } catch {
    return undefined
  }
}
