import { Failure } from '../status.ts'
import { errorLine, formById, linkWith, offeredProviders, pageName } from './html.ts'
import type { Visited, Visitor } from './visitor.ts'

// Owns a person's way through the pages, by their stable hooks: institution, user name and password, consent.

export interface Person {
  readonly username: string
  readonly password: string
  readonly provider: string | undefined
}

const MOST_PAGES = 12

function chooseProvider(page: Visited, person: Person): string {
  const offered = offeredProviders(page.html)
  const wanted = person.provider ?? (offered.length === 1 ? offered[0] : undefined)
  const href = wanted === undefined ? undefined : linkWith(page.html, 'data-provider', wanted)
  if (href !== undefined) return href
  throw new Failure(wanted === undefined ? 'The person could belong to several institutions' : `The client offers no provider ${wanted}`, `say which with --provider: ${offered.join(', ')}`)
}

function fill(page: Visited, id: string, changes: Readonly<Record<string, string>>): { readonly action: string; readonly fields: URLSearchParams } {
  const form = formById(page.html, id)
  if (form === undefined) throw new Failure(`The page at ${page.url} has no form #${id}`)
  for (const [name, value] of Object.entries(changes)) form.fields.set(name, value)
  return form
}

async function step(visitor: Visitor, page: Visited, person: Person, tried: { login: boolean }): Promise<Visited> {
  const name = pageName(page.html)
  if (name === 'discovery') return visitor.get(new URL(chooseProvider(page, person), page.url).href)
  if (name === 'login') {
    if (tried.login) throw new Failure(`The user name or password of ${person.username} was not accepted`, 'try another --provider, or set it: portner user set-password')
    tried.login = true
    const { action, fields } = fill(page, 'login-form', { username: person.username, password: person.password })
    return visitor.post(new URL(action, page.url).href, fields)
  }
  if (formById(page.html, 'consent-form') !== undefined) {
    const { action, fields } = fill(page, 'consent-form', { decision: 'allow' })
    return visitor.post(new URL(action, page.url).href, fields)
  }
  throw new Failure(`The server answered ${page.status} with its page "${name}": ${errorLine(page.html)}`, 'the server log has the reason under the reference')
}

/** Walks from the authorization endpoint to the client's redirect URI and gives the address it was sent to. Allows what is asked. */
export async function signIn(visitor: Visitor, start: string, person: Person): Promise<string> {
  const tried = { login: false }
  let page = await visitor.get(start)
  for (let i = 0; i < MOST_PAGES && !page.returned; i++) page = await step(visitor, page, person, tried)
  if (page.returned) return page.url
  throw new Failure('The pages lead nowhere', 'walk them in a browser')
}
