import { goTo } from '../http/leave.ts'
import { refuseOtherMethods } from '../http/methods.ts'
import { organizationId } from '../organizations/organization.ts'
import type { Endpoint } from './endpoint.ts'

// The authorization endpoint as one organization's own address, for a client that can be told no parameter: it leads to the endpoint with
// the organization as `idp_hint`, and everything else as it came. Nothing is checked here; an organization that nobody knows is no hint.

const PATH = '/at/:organization/oauth/authorization'

export const organizationAuthorization: Endpoint = {
  name: 'organization-authorization',
  answers: 'people',
  register: (app) => {
    app.get<{ Params: { organization: string } }>(PATH, async (request, reply) => {
      const parameters = new URLSearchParams((request.raw.url ?? '').split('?', 2)[1])
      parameters.delete('idp_hint')
      if (organizationId.safeParse(request.params.organization).success) parameters.set('idp_hint', request.params.organization)
      return goTo(reply, `/oauth/authorization?${parameters}`)
    })
    refuseOtherMethods(app, PATH, ['GET'])
  },
  metadata: () => ({}),
}
