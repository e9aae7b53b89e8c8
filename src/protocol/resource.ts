import { canParseUrl } from '../lib/can-parse-url.ts'
import { invalidRequest, invalidTarget } from './error.ts'

function isResourceIndicator(text: string): boolean {
  return text.length <= 2048 && canParseUrl(text) && !text.includes('#')
}

/** The API asked for: `resource` (RFC 8707 §2), or `audience` as its alias. Both and different is `invalid_request`, not a URI `invalid_target`. */
export function parseResources(resource: readonly string[] | undefined, audience: readonly string[] | undefined): readonly string[] {
  const resources = [...new Set(resource ?? [])]
  const audiences = [...new Set(audience ?? [])]
  if (resources.length > 0 && audiences.length > 0 && resources.toSorted().join(' ') !== audiences.toSorted().join(' ')) {
    throw invalidRequest('resource and audience name different APIs', { parameter: 'audience' })
  }
  const asked = resources.length > 0 ? resources : audiences
  for (const uri of resources) if (!isResourceIndicator(uri)) throw invalidTarget('The resource is not an absolute URI without a fragment', { parameter: 'resource' })
  return asked
}
