// Other addresses of endpoints, as pairs such as /oauth2/token=/oauth/token. Only protocol endpoints have any, and none of ours can be taken
// over by one. Which endpoints there are is not known here.

const ALIAS = /^(\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*){1,8}$/
const ALIASED = /^\/(oauth\/[a-z_]+|userinfo|\.well-known\/[a-z.-]+)$/
const OURS = /^\/(oauth|userinfo|\.well-known|signin|device|account|dashboard|admin|gk|api|demo|livez|readyz|assets|logo)(\/|$)/

/** Why a pair cannot be; nothing when it can. */
export function pathAliasFault(pair: string): string | undefined {
  const [alias = '', target = '', ...rest] = pair.split('=')
  if (target === '' || rest.length > 0 || !ALIAS.test(alias)) return `must be pairs such as /oauth2/token=/oauth/token: ${pair}`
  if (OURS.test(alias)) return `${alias} is an address of our own`
  return ALIASED.test(target) ? undefined : `${target} is not an endpoint that has other addresses`
}

/** Pairs without a fault, as a map from the other address to the endpoint's. */
export function readPathAliases(pairs: readonly string[]): ReadonlyMap<string, string> {
  return new Map(pairs.map((pair): [string, string] => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))
}
