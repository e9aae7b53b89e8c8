import { findApiByAudience } from '../../apis/store.ts'
import { invalidTarget } from '../../protocol/error.ts'
import { parseResources } from '../../protocol/resource.ts'
import { type Check, learn } from './check.ts'

/** APIs that are registered here (RFC 8707 §2). */
export const checkResource: Check = async (draft, ctx) => {
  const { repeatable } = draft.form
  const resources = parseResources(repeatable.get('resource'), repeatable.get('audience'))
  for (const resource of resources) {
    if ((await findApiByAudience(ctx, resource)) === undefined) throw invalidTarget('The resource is not known here', { parameter: 'resource', trace: { cause: 'resource.unknown', compared: [{ name: 'resource', sent: resource }] } })
  }
  return learn(draft, { resources })
}
