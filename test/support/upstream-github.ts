import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

// A service of the kind of GitHub: OAuth 2.0 with PKCE, and no word of OpenID Connect. It insists on what the real one insists on.

export interface GitHub {
  readonly origin: string
  /** What `/user` and `/user/emails` say of whoever signs in next. */
  person: Readonly<Record<string, unknown>>
  emails: unknown
  /** These paths never answer, answer 503, or answer nonsense. */
  misbehave: { readonly hang?: readonly string[]; readonly down?: readonly string[]; readonly garbage?: readonly string[]; readonly token?: unknown }
  readonly asked: URLSearchParams[]
  readonly redeemed: URLSearchParams[]
  visit(url: string): Promise<string>
  close(): Promise<void>
}

export const GITHUB_SECRET = 'what github gave us'

async function bodyOf(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body))
}

export async function startGitHub(): Promise<GitHub> {
  const codes = new Map<string, { challenge: string | null; redirectUri: string | null }>()
  const tokens = new Set<string>()
  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  const github: GitHub = {
    origin,
    person: {},
    emails: [],
    misbehave: {},
    asked: [],
    redeemed: [],
    visit: async (url) => (await fetch(url, { redirect: 'manual' })).headers.get('location') ?? '',
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }

  function authorize(query: URLSearchParams, response: ServerResponse): void {
    github.asked.push(query)
    const code = randomBytes(10).toString('hex')
    codes.set(code, { challenge: query.get('code_challenge'), redirectUri: query.get('redirect_uri') })
    const back = new URL(query.get('redirect_uri') ?? '')
    back.searchParams.set('code', code)
    back.searchParams.set('state', query.get('state') ?? '')
    response.writeHead(302, { location: back.href }).end()
  }

  async function token(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request)
    github.redeemed.push(body)
    if (github.misbehave.token !== undefined) return json(response, 200, github.misbehave.token)
    const code = codes.get(body.get('code') ?? '')
    codes.delete(body.get('code') ?? '')
    const challenge = createHash('sha256').update(body.get('code_verifier') ?? '').digest('base64url')
    // The real one answers 200 to what it refuses.
    if (body.get('client_secret') !== GITHUB_SECRET || code === undefined || code.challenge !== challenge || code.redirectUri !== body.get('redirect_uri')) return json(response, 200, { error: 'bad_verification_code', error_description: 'The code passed is incorrect or expired.' })
    const accessToken = `gho_${randomBytes(12).toString('hex')}`
    tokens.add(accessToken)
    json(response, 200, { access_token: accessToken, scope: 'read:user,user:email', token_type: 'bearer' })
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', origin)
    const path = url.pathname
    const { hang, down, garbage } = github.misbehave
    if (hang?.includes(path) === true) return
    if (down?.includes(path) === true) return json(response, 503, {})
    if (garbage?.includes(path) === true) return void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Unicorn!</h1>')
    if (path === '/login/oauth/authorize') return authorize(url.searchParams, response)
    if (path === '/login/oauth/access_token') return token(request, response)
    const bearer = (request.headers.authorization ?? '').replace(/^Bearer /, '')
    if (request.headers['user-agent'] === undefined) return json(response, 403, { message: 'Request forbidden by administrative rules' })
    if (!tokens.has(bearer)) return json(response, 401, { message: 'Bad credentials' })
    if (path === '/user') return json(response, 200, github.person)
    if (path === '/user/emails') return json(response, 200, github.emails)
    json(response, 404, {})
  }
  return github
}

/** The declaration of such a service. */
export function githubYaml(github: GitHub, id: string, more = ''): string {
  return `
kind: provider
provider_id: ${id}
protocol: oauth2
preset: github
name: GitHub
authorization_endpoint: ${github.origin}/login/oauth/authorize
token_endpoint: ${github.origin}/login/oauth/access_token
userinfo_endpoint: ${github.origin}/user
emails_endpoint: ${github.origin}/user/emails
client_id: portner-at-github
client_secret: { value: ${GITHUB_SECRET} }
${more}
`
}
