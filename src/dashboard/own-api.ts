import { notFound } from '../account/not-found.ts'
import type { Api } from '../apis/api.ts'
import { readApis } from '../apis/store.ts'
import type { Context } from '../context.ts'
import { type Action, can } from '../organizations/can.ts'
import { accessDenied } from '../protocol/error.ts'
import type { Desk } from './section.ts'

// One API of the dashboard: which there are for somebody.

export const APIS = '/dashboard/apis'

export function mayWithApi(desk: Desk, api: Pick<Api, 'organization'>, action: Action): boolean {
  return can(desk.actor, action, { kind: 'api', owner: { organization: api.organization } })
}

/** An API that somebody may see, as the database has it now. Throws `not_found`; `access_denied` for what they may see and not do. */
export async function requireApi(ctx: Context, desk: Desk, id: string, action: Action = 'read'): Promise<Api> {
  const [api] = await readApis(ctx.db, [id])
  if (api === undefined || !mayWithApi(desk, api, 'read')) throw notFound()
  if (!mayWithApi(desk, api, action)) throw accessDenied('Your role does not allow this', { status: 403, detail: `api.${action}` })
  return api
}
