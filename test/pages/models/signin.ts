import type { Case } from './case.ts'

const time = new Date('2026-11-21T05:40:00Z')
const long = 'An application with a name that goes on and on, longer than anybody would have expected of a name'
const hostile = '"><script>alert(1)</script>\' onload=x {name} \u202Egnp'

const journey = { clientName: 'Course Planner' }
const form = { action: '/signin/tx/step', csrf: 'token-1' }
const insecure = { origin: 'http://dev.planner.example', loopback: false }
const loopback = { origin: 'http://127.0.0.1:4321', loopback: true }
const person = { name: 'Ada Example', address: 'ada@ntu.example' }
const links = { policyUri: 'https://planner.example.org/privacy', tosUri: 'https://planner.example.org/terms' }

const ntu = { providerId: 'ntu', name: 'Norges testuniversitet', domain: 'ntu.example', initials: 'NT', href: '/signin/tx/go?idp=ntu' }
const lunmal = { providerId: 'lunmal', name: 'Høgskolen i Lunmål', domain: 'lunmal.example', initials: 'HL', href: '/signin/tx/go?idp=lunmal' }
const refused = { providerId: 'no', name: 'جامعة الاختبار', domain: 'jamiea.example', initials: 'جا', href: '/', disabledReason: 'not-accepted' as const }
const discovery = {
  ...journey,
  csrf: 'token-1',
  query: '',
  searchAction: '/signin/tx/discovery',
  results: [ntu, lunmal, refused],
  total: 3,
  remembered: [],
  countries: [
    { code: 'no', name: 'Norway', selected: true },
    { code: 'fi', name: 'Finland', selected: false },
  ],
  shared: { on: false, toggleHref: '/signin/tx/discovery?shared=1' },
  nearbyHref: '/signin/tx/nearby?country=no',
  unlistedHref: '/signin/tx/unlisted',
}
const signedIn = { id: 'a1', ...person, institution: 'Norges testuniversitet', initials: 'AE', state: 'signed-in' as const, hinted: false }
const accounts = [
  signedIn,
  { id: 'a2', name: 'Lin Prøve', address: 'lin@mail.example', initials: 'LP', state: 'sign-in-again' as const, hinted: false },
  { id: 'a3', name: 'ليلى', initials: 'ل', state: 'not-accepted' as const, hinted: false },
]
const login = { ...journey, ...form, ...links, providerName: 'Norges testuniversitet', username: '', sharedComputer: false, passkey: { ...form, optionsHref: '/signin/tx/passkey-options', troubleHref: '/signin/tx/passkey-trouble' }, discoveryHref: '/signin/tx/discovery' }
const consent = {
  ...journey,
  ...form,
  ...links,
  clientId: 'course-planner',
  person,
  owner: 'Example Education AS',
  verified: true,
  institutionApproval: { institution: 'NTU', approved: true },
  redirectOrigin: 'https://planner.example.org',
  items: [
    { scope: 'openid' },
    { scope: 'profile', value: 'Ada Example' },
    { scope: 'email', value: 'ada@ntu.example' },
    { scope: 'gk_calendar', sentence: 'Read your calendar', api: { name: 'Calendar', owner: 'NTU', receives: [{ scope: 'email', value: 'ada@ntu.example' }, { scope: 'userid' }] } },
  ],
  optional: [
    { scope: 'groups', checked: false, value: 'staff' },
    { scope: 'gk_calendar_write', sentence: 'Add events to your calendar', details: 'Adds and changes events.', api: { name: 'Calendar', receives: [{ scope: 'email' }] }, checked: true },
  ],
  already: [],
  duration: { kind: 'until-removed' as const },
  switchHref: '/signin/tx/chooser',
  rawScopes: ['openid', 'profile', 'email', 'gk_calendar', 'groups', 'gk_calendar_write'],
}
const failure = { reference: '7F3K-92QD', time, details: { error: 'invalid_request', clientId: 'course-planner', parameter: 'redirect_uri', diagnosisHref: '/dashboard/diagnosis/7F3K-92QD' } }
const kinds = [
  'unknown-client', 'client-disabled', 'redirect-uri', 'bad-request', 'provider-not-accepted', 'stale-form', 'forbidden',
  'not-found', 'method-not-allowed', 'too-large', 'too-many-requests', 'unavailable', 'server-error',
] as const

/** The pages of the sign-in, of errors and of the way out. */
export const signinCases: readonly Case[] = [
  { view: 'discovery', state: 'first', model: discovery },
  { view: 'discovery', state: 'returning', model: { ...discovery, remembered: [{ ...ntu, forgetAction: '/signin/tx/forget' }] } },
  { view: 'discovery', state: 'found', model: { ...discovery, query: 'test', results: [ntu], total: 205, nextHref: '/signin/tx/discovery?q=test&page=2' } },
  { view: 'discovery', state: 'none', model: { ...discovery, query: hostile, total: 0 } },
  { view: 'discovery', state: 'few', model: { ...discovery, searchable: false, countries: [], insecure } },
  { view: 'chooser', state: 'three', model: { ...journey, ...form, accounts, otherHref: '/signin/tx/discovery', manageHref: '/signin/tx/chooser/manage' } },
  { view: 'chooser', state: 'insecure', model: { clientName: long, ...form, accounts: [{ ...signedIn, hinted: true }], otherHref: '/other', insecure } },
  { view: 'chooser-manage', state: 'removed', model: { ...form, accounts, backHref: '/signin/tx/chooser', removed: 'Lin Prøve' } },
  { view: 'login', state: 'empty', model: { ...login, hint: 'The same user name as for the library computers.', resetHref: 'https://ntu.example/reset' } },
  { view: 'login', state: 'credentials', model: { ...login, username: 'ada', error: 'credentials', insecure, sharedComputer: true }, options: { status: 400 } },
  { view: 'login', state: 'passkey', model: { ...login, error: 'passkey' }, options: { status: 401 } },
  { view: 'login', state: 'throttled', model: { ...login, username: 'ada', error: 'throttled', until: time }, options: { status: 429 } },
  { view: 'login', state: 'throttled-with-ways', model: { ...login, username: 'ada', error: 'throttled', until: time, resetHref: '/signin/tx/forgotten', passkey: { action: '/p', csrf: 'c', optionsHref: '/o', troubleHref: '/t' } }, options: { status: 429 } },
  { view: 'login', state: 'network', model: { ...login, username: 'ada', error: 'network', until: time }, options: { status: 429 } },
  { view: 'login', state: 'busy', model: { ...login, username: 'ada', error: 'busy' }, options: { status: 503 } },
  { view: 'login', state: 'locked', model: { ...login, username: 'ada', usernameReadonly: true, error: 'locked' }, options: { status: 403 } },
  { view: 'login', state: 'logo', model: { ...login, username: 'ada', logoUri: 'https://planner.example.org/logo.png' }, options: { imageSource: 'https://planner.example.org/logo.png' } },
  { view: 'consent', state: 'all', model: consent },
  { view: 'consent', state: 'insecure', model: { ...consent, insecure, redirectOrigin: 'http://dev.planner.example', verified: false, duration: { kind: 'hours', hours: 8 } } },
  { view: 'consent', state: 'loopback', model: { ...consent, insecure: loopback, redirectOrigin: undefined, owner: undefined, optional: [], duration: { kind: 'offline' } } },
  { view: 'consent', state: 'more', model: { ...consent, items: [{ scope: 'phone', value: '+47 22 22 22 22' }, { scope: 'nobody.knows' }], already: [{ scope: 'openid' }], duration: { kind: 'days', days: 1 } } },
  { view: 'consent', state: 'session', model: { ...consent, institutionApproval: { institution: 'NTU', approved: false }, items: [{ scope: 'debt.100', sentence: 'Show your debt', limit: { days: 100 } }, { scope: 'debt', sentence: 'Show your debt', limit: {} }], duration: { kind: 'session', days: 7 } } },
  { view: 'consent', state: 'nothing-new', model: { ...consent, items: [], optional: [], already: [{ scope: 'address' }, { scope: 'userid' }, { scope: 'offline_access' }], duration: { kind: 'once' } } },
  {
    view: 'consent',
    state: 'details',
    model: {
      ...consent,
      authorizationDetails: [
        { type: 'payment', title: 'Pay from your account', description: 'The money leaves at once.', once: true, rows: [{ label: 'Amount', value: '12300' }, { label: 'Currency', value: 'NOK' }, { label: 'creditor.account', value: 'NO9386011117947-and-a-reference-of-a-length-that-does-not-fit-on-a-telephone' }] },
        { type: 'accounts', title: 'See your accounts', rows: [] },
      ],
    },
  },
  { view: 'consent', state: 'preview', model: { ...consent, preview: true, switchHref: undefined } },
  { view: 'consent', state: 'removed', model: { ...consent, removedOn: time } },
  { view: 'consent', state: 'unregistered', model: { ...consent, clientName: 'Agent (agents.example.org)', describedAt: 'agents.example.org', owner: undefined, verified: false } },
  { view: 'consent', state: 'long', model: { ...consent, clientName: long, owner: hostile, person: { name: long, address: `${'a'.repeat(60)}@${'b'.repeat(60)}.example` } } },
  { view: 'insecure-warning', state: 'insecure', model: { ...journey, ...form, insecure, person } },
  { view: 'insecure-warning', state: 'loopback', model: { ...journey, ...form, insecure: loopback } },
  ...(['refused', 'unavailable', 'invalid', 'locked'] as const).map((problem): Case => ({ view: 'upstream', state: problem, model: { ...journey, ...form, problem, providerName: 'Norges testuniversitet', reference: failure.reference, time, retryHref: '/signin/tx/login?provider=ntu&again=1', discoveryHref: '/signin/tx/discovery' }, options: { status: 400 } })),
  { view: 'upstream', state: 'incomplete', model: { ...journey, ...form, problem: 'incomplete', missing: ['subject', 'name', 'given_name', 'family_name', 'email', 'preferred_username', 'groups'], helpHref: 'https://idp.example/help', providerName: 'Norges testuniversitet', reference: failure.reference, time, retryHref: '/signin/tx/login?provider=ntu&again=1', discoveryHref: '/signin/tx/discovery' }, options: { status: 403 } },
  { view: 'upstream', state: 'over', model: { ...journey, problem: 'over', providerName: hostile, reference: failure.reference, time, restartHref: '/signin/tx/restart' }, options: { status: 400 } },
  { view: 'upstream', state: 'nobody', model: { clientName: '', problem: 'over-unnamed', providerName: '', reference: failure.reference, time }, options: { status: 400 } },
  { view: 'unexpected-user', state: 'two', model: { ...journey, ...form, providerName: 'Norges testuniversitet', chosen: person, arrived: { name: hostile } } },
  { view: 'already-answered', state: 'client', model: { ...journey, restartHref: '/signin/tx/restart' } },
  { view: 'start-again', state: 'client', model: { ...journey, homeHref: 'https://planner.example.org/' } },
  { view: 'start-again', state: 'nobody', model: {} },
  { view: 'home', state: 'empty', model: {} },
  { view: 'home', state: 'signed in', model: { signOutHref: '/oauth/logout' } },
  { view: 'wrong-host', state: 'loopback', model: { opened: 'http://127.0.0.1:3000', issuer: 'http://localhost:3000' }, options: { status: 421 } },
  { view: 'cookies-blocked', state: 'blocked', model: { retryHref: '/oauth/authorization?client_id=x' }, options: { status: 400 } },
  { view: 'too-many-attempts', state: 'five', model: { ...journey, continueHref: '/oauth/authorization?client_id=x&go=1' }, options: { status: 429 } },
  ...kinds.map((kind): Case => ({ view: 'error', state: kind, model: { kind, ...failure }, options: { status: 400 } })),
  { view: 'error', state: 'way-back', model: { kind: 'redirect-uri', ...failure, homeHref: 'https://planner.example.org/', supportHref: 'mailto:help@planner.example' }, options: { status: 400 } },
  { view: 'error', state: 'own-words', model: { kind: 'bad-request', ...failure, heading: hostile, explanation: long, actions: [{ text: 'One thing', href: 'javascript:alert(1)' }] }, options: { status: 400 } },
  { view: 'logout', state: 'one', model: { ...form, ...journey, accounts: [person] } },
  { view: 'logout', state: 'two', model: { ...form, accounts: [person, { name: 'Lin Prøve' }] } },
  {
    view: 'logged-out',
    state: 'rows',
    model: {
      ...journey,
      rows: [
        { name: 'Portner', state: 'done' },
        { name: 'Group Chat', state: 'unreachable' },
        { name: 'Course Planner', state: 'may-remain' },
        { name: 'Norges testuniversitet', state: 'institution', href: 'https://ntu.example/logout' },
      ],
      backHref: 'https://planner.example.org/',
      forgetAction: '/oauth/logout/forget',
      csrf: 'token-1',
    },
  },
  { view: 'logged-out', state: 'refused', model: { rows: [], returnRefused: true, forgotten: true } },
  { view: 'signing-out', state: 'two', model: { frames: ['https://planner.example.org/out?sid=1', 'https://chat.example.org/out'], href: '/oauth/logout/done' }, options: { frameSources: ['https://planner.example.org/out?sid=1', 'https://chat.example.org/out'] } },
  { view: 'handoff', state: 'web', model: { href: 'https://planner.example.org/callback?code=1&state=%22', name: 'Course Planner' } },
  { view: 'form-post', state: 'post', model: { action: '/client/callback', name: 'Course Planner', fields: { code: '1', state: hostile } } },
]
