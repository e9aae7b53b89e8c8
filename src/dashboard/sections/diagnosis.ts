import type { FastifyInstance } from 'fastify'
import { notFound } from '../../account/not-found.ts'
import { ownerOf } from '../../clients/client.ts'
import type { Context } from '../../context.ts'
import type { DashboardDiagnosisModel } from '../../http/diagnosis-views.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { markedRow } from '../diagnosis/marked-values.ts'
import { type Diagnosis, readDiagnosis } from '../diagnosis/read-diagnosis.ts'
import { clientPath, mayWith } from '../own-client.ts'
import { type DashboardSection, type Desk, isDesk } from '../section.ts'

// The page behind the reference of a refusal: why it was refused, for those who may know (read-diagnosis.ts), and what mends it.

export const DIAGNOSIS = '/dashboard/diagnosis'

interface Named {
  Params: { reference: string }
}

async function requireDiagnosis(ctx: Context, desk: Desk, reference: string, language: string): Promise<Diagnosis> {
  const found = await readDiagnosis(ctx, reference, desk.actor, language)
  if (found === undefined) throw notFound()
  return found
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
      return page(reply, request, 'dashboard-diagnosis', { desk: await kit.frame(request, desk, 'clients', found.client && ownerOf(found.client)), ...modelOf(found, desk) })
    })
  },
}
