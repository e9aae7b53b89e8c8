import type { IncomingMessage } from 'node:http'
import type { Config } from '../config.ts'

// Owns which requests are for an API's own name below PORTNER_GATEKEEPER_DOMAIN. All of such a name is the API's: none of our own paths is
// reached under it, and what cannot be an API's address leads nowhere.

const NOWHERE = '/gk/-/'
/** What may stand behind a name and leaves it that name: the root's dot, a port. */
const SAME_NAME = /\.?(?::\d*)?$/
const LABEL = /^[a-z][a-z0-9-]{2,14}$/

type Rewriter = (request: Pick<IncomingMessage, 'url' | 'headers'>) => string

/** The first label of a host below the domain; empty for one that is no API's name; nothing for other hosts. */
export function gatekeptName(domain: string | undefined, host: string | undefined): string | undefined {
  const below = domain === undefined ? undefined : `.${domain}`
  const name = host?.toLowerCase().replace(SAME_NAME, '')
  if (below === undefined || name === undefined || !name.endsWith(below)) return undefined
  const label = name.slice(0, -below.length)
  return LABEL.test(label) ? label : ''
}

/** Where a request goes by its host, else what `otherwise` says. */
export function hostRewriter({ gatekeeperDomain }: Config, otherwise: Rewriter): Rewriter {
  return (request) => {
    const name = gatekeptName(gatekeeperDomain, request.headers.host)
    if (name === undefined) return otherwise(request)
    const { url = '' } = request
    return name !== '' && url.startsWith('/') ? `/gk/${name}${url}` : NOWHERE
  }
}
