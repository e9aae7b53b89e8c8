import type { Config } from '../../config.ts'
import { fail, type Finding, ok, warn } from '../../system/findings/check.ts'

const LONGEST_MS = 3000

/** Whether a server answers at the issuer, as itself: host, proxy and TLS in one question. */
export async function runningFindings(config: Config): Promise<readonly Finding[]> {
  const url = `${config.issuer}/.well-known/openid-configuration`
  let response: Response
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(LONGEST_MS), redirect: 'manual' })
  } catch (error) {
    const why = error instanceof Error && error.cause instanceof Error ? error.cause.message || String(error.cause) : String(error)
    return [warn('server', `Nothing answers at ${config.issuer} from here (${why})`, 'start it with: portner serve; or check DNS and proxy')]
  }
  const metadata: unknown = await response.json().catch(() => undefined)
  const issuer = typeof metadata === 'object' && metadata !== null && 'issuer' in metadata && typeof metadata.issuer === 'string' ? metadata.issuer : undefined
  if (issuer === config.issuer) return [ok('server', `answers at ${config.issuer}`)]
  return [fail('server', `${url} answers ${response.status} with the issuer ${issuer ?? '(none)'}`, 'let PORTNER_ISSUER and the address in front of the server be the same')]
}
