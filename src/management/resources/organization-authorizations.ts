import { z } from 'zod'
import type { OrganizationApproval } from '../../apis/organization-approvals.ts'
import { deleteRealm, readRealms, replaceRealm } from '../../declarations/scope-decisions.ts'
import { notFound } from '../failure.ts'
import { operation, param, type Resource } from '../operation.ts'

const COLLECTION = '/api/clients/{client_id}/orgauthorization'
const ONE = `${COLLECTION}/{realm}`

const approval = z.strictObject({ realm: z.string(), scopes: z.array(z.string()), refused: z.record(z.string(), z.string()) })

function show({ realm, approved, refused }: OrganizationApproval): z.output<typeof approval> {
  return { realm, scopes: [...approved], refused: { ...refused } }
}

/** What organizations let a client have about their own people, by realm. */
export const organizationAuthorizations: Resource = () => [
  operation({
    method: 'GET',
    path: COLLECTION,
    id: 'listOrganizationAuthorizations',
    summary: 'What organizations let a client have about their people',
    scope: 'portner.clients.read',
    answer: { status: 200, description: 'All of it, by realm', schema: { name: 'OrganizationAuthorizationList', schema: z.object({ items: z.array(approval) }) } },
    refusals: [404],
    run: async (call) => ({ status: 200, body: { items: (await readRealms(call.ctx, call.caller, param(call, 'client_id'))).map(show) } }),
  }),
  operation({
    method: 'PUT',
    path: ONE,
    id: 'replaceOrganizationAuthorization',
    summary: 'Replaces all that a client may have about the people of a realm: for admins of its organization',
    scope: 'portner.organizations.write',
    body: { reads: z.strictObject({ scopes: z.array(z.string().max(200)).max(200) }), example: { scopes: [] } },
    answer: { status: 200, description: 'What it may have now', schema: { name: 'OrganizationAuthorization', schema: approval } },
    refusals: [404],
    run: async (call) => {
      const { ctx, caller, body } = call
      const [clientId, realm] = [param(call, 'client_id'), param(call, 'realm')]
      await replaceRealm(ctx, caller, { clientId, realm }, body.scopes)
      const [now] = await readRealms(ctx, caller, clientId, realm)
      if (now === undefined) throw notFound()
      return { status: 200, body: show(now) }
    },
  }),
  operation({
    method: 'DELETE',
    path: ONE,
    id: 'removeOrganizationAuthorization',
    summary: 'Takes back all that a client may have about the people of a realm',
    scope: 'portner.organizations.write',
    answer: { status: 204, description: 'It may have nothing about them' },
    refusals: [404],
    run: async (call) => {
      if (!(await deleteRealm(call.ctx, call.caller, { clientId: param(call, 'client_id'), realm: param(call, 'realm') }))) throw notFound()
      return { status: 204 }
    },
  }),
]
