import { isEnabled } from '../../clients/client.ts'
import { resolveClient } from '../../clients/client-documents.ts'
import { invalidRequest } from '../../protocol/error.ts'
import type { Check } from './check.ts'

/** A registered client that may be used. Unknown and disabled are one answer: a page, because nobody is proven whom we could send it to. */
export const checkClient: Check = async (draft, ctx) => {
  const clientId = draft.form.single.get('client_id')
  if (clientId === undefined) throw invalidRequest('The request does not say which application it comes from', { parameter: 'client_id', reason: 'client_unknown' })
  const client = await resolveClient(ctx, clientId)
  if (client === undefined || !isEnabled(client)) {
    throw invalidRequest('The application is not known here', { parameter: 'client_id', reason: 'client_unknown', detail: client === undefined ? 'client.unknown' : 'client.disabled' })
  }
  return { ...draft, client, request: { ...draft.request, clientId } }
}
