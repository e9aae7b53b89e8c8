import type { FastifyInstance } from 'fastify'
import { notFound } from '../../account/not-found.ts'
import { type Client, documentHost, ownerOf } from '../../clients/client.ts'
import { isOwnClient } from '../../clients/own-clients.ts'
import type { Context } from '../../context.ts'
import type { DashboardDiagnosisModel } from '../../http/diagnosis-views.ts'
import { queryForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { isRegisteredRedirect } from '../../protocol/redirect-uri.ts'
import { changeClient } from '../change.ts'
import { markedRow } from '../diagnosis/marked-values.ts'
import { type Diagnosis, readDiagnosis } from '../../management/diagnosis/read-diagnosis.ts'
import { clientPath, mayTry, mayWith } from '../own-client.ts'
import { type DashboardSection, type Desk, isDesk } from '../section.ts'
import { addressFault } from '../typed-address.ts'

// The page behind the reference of a refusal: why it was refused, for those who may know (read-diagnosis.ts), and what mends it.

const DIAGNOSIS = '/dashboard/diagnosis'
const DONE = ['added', 'not_added'] as const

interface Named {
  Params: { reference: string }
}

async function requireDiagnosis(ctx: Context, desk: Desk, reference: string, language: string): Promise<Diagnosis> {
  const found = await readDiagnosis(ctx, reference, desk.actor, language)
  if (found === undefined) throw notFound()
  return found
}

/** The address that this person may register with one click: the one that was sent, where it can be registered at all and is not there yet. */
function addableOf({ cause, client, compared }: Diagnosis, desk: Desk): { readonly client: Client; readonly address: string } | undefined {
  const address = cause === 'redirect_uri.mismatch' ? compared.find(({ name }) => name === 'redirect_uri')?.sent : undefined
  if (address === undefined || client === undefined || isOwnClient(client.clientId) || documentHost(client) !== undefined || !mayWith(desk, client, 'change')) return undefined
  const { application_type: type, compatibility, redirect_uris: registered } = client.metadata
  const fault = addressFault(address, { native: type === 'native', insecure: compatibility.includes('plain_http_redirect') })
  return fault !== undefined || isRegisteredRedirect(address, registered) ? undefined : { client, address }
}

function modelOf(found: Diagnosis, desk: Desk): Omit<DashboardDiagnosisModel, 'desk'> {
  const { level, reference, at, client, clientId, clientName, method, endpoint, error, description, cause, hints, compared, fix, rule, similar } = found
  const parameters = Object.entries(found.parameters)
  const mayOpen = client !== undefined && mayWith(desk, client, 'read')
  return {
    level,
    reference,
    at,
    clientId,
    clientName,
    clientHref: mayOpen ? clientPath(client.clientId) : undefined,
    tryHref: mayOpen && mayTry(client) ? clientPath(client.clientId, 'try') : undefined,
    request: `${method} ${endpoint}`,
    answered: error === '' ? undefined : `${error}: ${description}`,
    cause,
    hints,
    compared: compared.map(markedRow),
    fix,
    rule,
    similar,
    parameters,
    hashed: [...parameters.map(([, value]) => value), ...compared.flatMap(({ sent, expected }) => [sent, expected])].some((value) => value?.startsWith('hmac:') === true),
  }
}

export const diagnosisSection: DashboardSection = {
  name: 'diagnosis',
  pages: (app: FastifyInstance, ctx, kit) => {
    app.get<Named>(`${DIAGNOSIS}/:reference`, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply)
      if (!isDesk(desk)) return desk
      const found = await requireDiagnosis(ctx, desk, request.params.reference, requestLocale(request))
      const addable = addableOf(found, desk)
      const { reference } = found
      return page(reply, request, 'dashboard-diagnosis', {
        desk: await kit.frame(request, desk, 'clients', found.client && ownerOf(found.client)),
        ...modelOf(found, desk),
        add: addable && { action: `${DIAGNOSIS}/${reference}/redirect-uri`, csrf: kit.token(desk, `diagnosis/${reference}`), address: addable.address },
        done: DONE.find((one) => one === queryForm(request).single.get('done')),
      })
    })

    app.get<Named>(`${DIAGNOSIS}/:reference/redirect-uri`, async (request, reply) => goTo(reply, `${DIAGNOSIS}/${encodeURIComponent(request.params.reference)}`))
    app.post<Named>(`${DIAGNOSIS}/:reference/redirect-uri`, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply)
      if (!isDesk(desk)) return desk
      const found = await requireDiagnosis(ctx, desk, request.params.reference, requestLocale(request))
      kit.ownForm(request, desk, `diagnosis/${found.reference}`)
      const addable = addableOf(found, desk)
      const faults = addable && (await changeClient(ctx, desk, addable.client, { redirect_uris: [...addable.client.metadata.redirect_uris, addable.address] }))
      return goTo(reply, `${DIAGNOSIS}/${found.reference}?done=${faults?.length === 0 ? 'added' : 'not_added'}`)
    })
  },
}
