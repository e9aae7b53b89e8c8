// The frame that a client's page asks whether its person is still signed in (OpenID Connect Session Management 1.0 §3.2). It answers from
// the cookie of the login state alone and asks no server. Where the browser keeps that cookie from a frame of another site it cannot know:
// then it says "error", which sends nobody into a circle of silent sign-ins (§3.1), and never "changed".
const cookie = (location.protocol === 'https:' ? '__Host-' : '') + 'portner_login_state='
const longest = 2000

function loginState() {
  return document.cookie.split('; ').find((pair) => pair.startsWith(cookie))?.slice(cookie.length)
}

async function isKeptFromCookies() {
  return document.hasStorageAccess !== undefined && !(await document.hasStorageAccess())
}

async function digest(text) {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

async function answerTo(message, origin) {
  if (typeof message !== 'string' || message.length > longest) return 'error'
  const [clientId, state, more] = message.split(' ')
  const [, salt] = /^[\w-]{43}\.([\w-]+)$/.exec(state ?? '') ?? []
  if (clientId === '' || salt === undefined || more !== undefined) return 'error'
  const known = loginState()
  if (known === undefined) return (await isKeptFromCookies()) ? 'error' : 'changed'
  return `${await digest([clientId, origin, known, salt].join(' '))}.${salt}` === state ? 'unchanged' : 'changed'
}

addEventListener('message', async (event) => {
  if (event.source === null || event.source === window || event.origin === 'null') return
  const answer = await answerTo(event.data, event.origin).catch(() => 'error')
  event.source.postMessage(answer, event.origin)
})
