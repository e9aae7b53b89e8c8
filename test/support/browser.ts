// A browser without script: a cookie jar, links, forms, and redirects followed to rest.

export interface Page {
  readonly status: number
  readonly url: string
  readonly headers: Headers
  readonly html: string
}

export interface FormOnPage {
  readonly action: string
  readonly method: string
  readonly fields: Readonly<Record<string, string>>
}

const ENTITIES: Readonly<Record<string, string>> = { '&amp;': '&', '&quot;': '"', '&#39;': "'", '&lt;': '<', '&gt;': '>', '&#x27;': "'", '&#x2F;': '/' }

function text(encoded: string): string {
  return encoded.replaceAll(/&(?:amp|quot|#39|lt|gt|#x27|#x2F);/g, (entity) => ENTITIES[entity] ?? entity)
}

function attribute(tag: string, name: string): string | undefined {
  const match = new RegExp(`\\s${name}(?:="([^"]*)"|(?=[\\s>]))`).exec(tag)
  return match === null ? undefined : text(match[1] ?? '')
}

/** The `data-page` of a page. */
export function pageName(page: Page): string | undefined {
  return /<html[^>]*data-page="([^"]+)"/.exec(page.html)?.[1]
}

/** The forms of a page with what a browser would send if nothing were changed. */
export function forms(page: Page): readonly FormOnPage[] {
  return [...page.html.matchAll(/<form[^>]*>[\s\S]*?<\/form>/g)].map(([whole]) => {
    const open = /<form[^>]*>/.exec(whole)?.[0] ?? ''
    const fields: Record<string, string> = {}
    for (const [tag] of whole.matchAll(/<input[^>]*>/g)) {
      const name = attribute(tag, 'name')
      const type = attribute(tag, 'type') ?? 'text'
      if (name === undefined || ((type === 'checkbox' || type === 'radio') && attribute(tag, 'checked') === undefined)) continue
      fields[name] = attribute(tag, 'value') ?? ''
    }
    return { action: attribute(open, 'action') ?? page.url, method: (attribute(open, 'method') ?? 'get').toUpperCase(), fields }
  })
}

/** What a test may say of a request beside its address. */
export interface BrowserRequest {
  readonly method?: string
  readonly body?: string | URLSearchParams
  readonly headers?: Readonly<Record<string, string>>
}

export interface Browser {
  /** Opens an address and follows redirects within the server; stops at the first address elsewhere. */
  open(url: string, init?: BrowserRequest): Promise<Page>
  /** Sends the form of a page that has the named field or button, with changes. */
  submit(page: Page, field: string, changes: Readonly<Record<string, string | readonly string[]>>): Promise<Page>
  readonly cookies: Map<string, string>
}

/** A browser that stays on `issuer`. A page elsewhere is returned as its address, with status 0. */
export function newBrowser(issuer: string, headers: Readonly<Record<string, string>> = {}): Browser {
  const cookies = new Map<string, string>()

  function remember(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';')
      const at = pair.indexOf('=')
      const gone = attributes.some((part) => /max-age=0|expires=thu, 01 jan 1970/i.test(part))
      if (gone) cookies.delete(pair.slice(0, at))
      else cookies.set(pair.slice(0, at), pair.slice(at + 1))
    }
  }

  async function open(url: string, init: BrowserRequest = {}): Promise<Page> {
    let address = new URL(url, issuer).href
    let request = init
    for (let hop = 0; hop < 12; hop++) {
      if (!address.startsWith(`${issuer}/`)) return { status: 0, url: address, headers: new Headers(), html: '' }
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const response = await fetch(address, { ...request, redirect: 'manual', headers: { accept: 'text/html', ...headers, ...request.headers, ...(cookie === '' ? {} : { cookie }) } })
      remember(response)
      const location = response.headers.get('location')
      if (location === null) return { status: response.status, url: address, headers: response.headers, html: await response.text() }
      await response.arrayBuffer()
      address = new URL(location, address).href
      request = {}
    }
    throw new Error(`too many redirects at ${address}`)
  }

  return {
    cookies,
    open,
    submit: async (page, field, changes) => {
      const form = forms(page).find((candidate) => field in candidate.fields) ?? forms(page).find(() => page.html.includes(`name="${field}"`))
      if (form === undefined) throw new Error(`no form with ${field} on ${page.url}:\n${page.html.slice(0, 2000)}`)
      const body = new URLSearchParams(form.fields)
      for (const [name, value] of Object.entries(changes)) {
        body.delete(name)
        for (const one of Array.isArray(value) ? value : [value]) body.append(name, String(one))
      }
      const action = new URL(form.action, page.url).href
      if (form.method === 'GET') return open(`${action.split('?')[0]}?${body}`)
      return open(action, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    },
  }
}
