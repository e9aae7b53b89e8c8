import { pendingMigrations } from '../database/migrate.ts'
import { sql } from 'kysely'
import type { Context } from '../context.ts'
import type { Endpoint } from './endpoint.ts'

type Check = readonly [name: string, run: (ctx: Context) => Promise<boolean>]

const CHECKS: readonly Check[] = [
  ['database', async (ctx) => (await sql`select 1`.execute(ctx.db)).rows.length === 1],
  ['migrations', async (ctx) => (await pendingMigrations(ctx.db)).length === 0],
  ['keys', async (ctx) => (await ctx.keyring.publicKeys()).length > 0],
]

async function passes(ctx: Context, [name, run]: Check): Promise<readonly [string, boolean]> {
  try {
    return [name, await run(ctx)]
  } catch {
    return [name, false]
  }
}

let stopping = false

/** From now on /readyz says no: whoever balances load sends nothing more. */
export function announceStop(): void {
  stopping = true
}

/** Whether the process lives (no I/O), and whether it can answer. */
export const health: Endpoint = {
  name: 'health',
  answers: 'machines',
  register: (app, ctx) => {
    app.get('/livez', async (_request, reply) => reply.header('cache-control', 'no-store').type('text/plain').send('ok\n'))
    app.get('/readyz', async (_request, reply) => {
      const results = await Promise.all(CHECKS.map((check) => passes(ctx, check)))
      const ready = !stopping && results.every(([, good]) => good)
      return reply
        .code(ready ? 200 : 503)
        .headers({ 'cache-control': 'no-store', ...(ready ? {} : { 'retry-after': '1' }) })
        .send({ ready, stopping, checks: Object.fromEntries(results) })
    })
  },
  metadata: () => ({}),
}
