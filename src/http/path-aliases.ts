import type { IncomingMessage } from 'node:http'

/** Where a request goes that came to another address of the same endpoint (PORTNER_PATH_ALIASES); its query goes with it. */
export function aliasRewriter(aliases: ReadonlyMap<string, string>): (request: Pick<IncomingMessage, 'url'>) => string {
  return ({ url = '' }) => {
    const at = url.indexOf('?')
    const path = at < 0 ? url : url.slice(0, at)
    const target = aliases.get(path)
    return target === undefined ? url : target + url.slice(path.length)
  }
}
