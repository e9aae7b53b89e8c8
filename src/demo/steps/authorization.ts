import type { DemoFact, DemoOption } from '../../http/demo-model.ts'
import type { Form } from '../../protocol/form.ts'
import { authorizationParameters, authorizationUrl } from '../authorization-url.ts'
import { demoWeb } from '../demo-clients.ts'
import { get } from '../exchange.ts'
import { issuerOf } from '../metadata.ts'
import type { Choices, Walk } from '../walk.ts'
import { prepared } from '../wire-text.ts'
import type { Step } from './step.ts'

const SCOPES = ['openid', 'profile', 'email', 'groups', 'phone', 'address', 'userid', 'offline_access']
const PROMPTS = ['', 'login', 'consent', 'select_account', 'none']
const LANGUAGES = ['', 'en', 'nb', 'nn', 'fi', 'sv']
const LONGEST_HINT = 100

const ABOUT: Readonly<Record<string, string>> = {
  response_type: 'Asks for a code, which is worth nothing without the secret.',
  client_id: 'Who asks. Public.',
  redirect_uri: 'Where the answer goes: one of the registered addresses, compared letter for letter.',
  scope: 'What the application wants to know and do. The person decides.',
  state: 'Random, kept by the application. It comes back unchanged and proves that the answer belongs to this browser.',
  nonce: 'Random, kept by the application. It comes back inside the ID token and ties the token to this sign-in.',
  code_challenge: 'The SHA-256 of the code verifier below. Only who knows the verifier can redeem the code (PKCE).',
  code_challenge_method: 'How the challenge was made. Nothing else than S256 is taken.',
  prompt: 'Which pages the person must see, or none at all.',
  login_hint: 'Who is probably there. Fills in the user name.',
  ui_locales: 'The language of the pages.',
}

function options(all: readonly string[], chosen: readonly string[]): readonly DemoOption[] {
  return all.map((value) => ({ value, chosen: chosen.includes(value) }))
}

function oneOf(all: readonly string[], value: string | undefined): string {
  return all.find((known) => known === value) ?? ''
}

/** One box a scope, because a form parameter may come only once. */
function readChoices({ single }: Form): Choices {
  return {
    scopes: SCOPES.filter((scope) => scope === 'openid' || single.has(`scope_${scope}`)),
    prompt: oneOf(PROMPTS, single.get('prompt')),
    uiLocales: oneOf(LANGUAGES, single.get('ui_locales')),
    loginHint: (single.get('login_hint') ?? '').trim().slice(0, LONGEST_HINT),
  }
}

function facts(walk: Walk): readonly DemoFact[] {
  const parameters = authorizationParameters(issuerOf(walk), demoWeb.clientId, walk.choices, walk.secrets)
  return [...Object.entries(parameters).map(([name, value]) => ({ name, value, about: ABOUT[name] })), { name: 'code_verifier', value: walk.secrets.verifier, about: 'Not sent now. The application keeps it until step 5.' }]
}

export const authorizationStep: Step = {
  id: 'authorization',
  title: 'Authorization request',
  what: 'The application sends the browser to the server with a request.',
  why: [
    'The person must sign in at the server and not in the application, so that the application never sees a password. The request travels through the browser, where others can read and change it: that is why `state`, `nonce` and PKCE exist.',
  ],
  isDone: (walk) => walk.left !== undefined,
  details: (walk) => ({
    facts: facts(walk),
    exchanges: [prepared({ id: 'authorization-request', title: 'What the browser will ask' }, get(walk.left ?? authorizationUrl(walk, demoWeb.clientId, walk.secrets)))],
    ...(walk.left === undefined && {
      choices: { scopes: options(SCOPES, walk.choices.scopes), prompts: options(PROMPTS, [walk.choices.prompt]), languages: options(LANGUAGES, [walk.choices.uiLocales]), loginHint: walk.choices.loginHint },
    }),
  }),
  actions: [
    {
      name: 'authorize',
      may: (walk) => walk.left === undefined,
      run: async (walk, form) => {
        const chosen = { ...walk, choices: readChoices(form) }
        if (form.single.has('show')) return { walk: { ...chosen, last: 'authorization' } }
        const left = authorizationUrl(chosen, demoWeb.clientId, chosen.secrets)
        return { walk: { ...chosen, left, last: 'authorization' }, goTo: left }
      },
    },
  ],
}
