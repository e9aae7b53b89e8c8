import { isEnabled } from '../../clients/client.ts'
import { resolveClient } from '../../clients/client-documents.ts'
import { invalidRequest } from '../../protocol/error.ts'
import type { Check } from './check.ts'

/** A registered client that may be used. Unknown and disabled are one answer: a page, because nobody is proven whom we could send it to. */
export const checkClient: Check = async (draft, ctx) => {
  const clientId = draft.form.single.get('client_id')
  if (clientId === undefined) throw invalidRequest('The request does not say which application it comes from', { parameter: 'client_id', reason: 'client_unknown', trace: { cause: 'client.missing', compared: [{ name: 'client_id' }] } })
  const client = await resolveClient(ctx, clientId)
  if (client === undefined || !isEnabled(client)) {
    const cause = client === undefined ? 'client.unknown' : 'client.disabled'
    throw invalidRequest('The application is not known here', { parameter: 'client_id', reason: 'client_unknown', detail: cause, trace: { cause, compared: [{ name: client === undefined ? 'client_id' : 'status', sent: client?.status ?? clientId, ...(client && { expected: 'development, production' }) }] } })
  }
  return { ...draft, client, request: { ...draft.request, clientId } }
}
