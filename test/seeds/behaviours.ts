// Every behaviour that the source documents describe (the rows of product.md §1.1), and the story that shows it.

const OAUTH = 'seeds/dataporten-oauth.test.ts'
const MACHINES = 'seeds/dataporten-client-credentials.test.ts'
const OP = 'seeds/op.test.ts'
const NGI = 'seeds/ngi.test.ts'
const GATEKEEPER = 'gatekeeper/calls.test.ts'
const PROTO = 'seeds/proto.test.ts'

/** The row, and `file > title` of a test. */
export const behaviours: Readonly<Record<string, string>> = {
  R1: 'dashboard/registering.test.ts > signs in as at any client, sees an empty list, answers four questions and has an id and a secret that work',
  R2: `${PROTO} > a redirect URI that is not the one we know is a page, and leads nowhere`,
  R3: 'journeys/prompts.test.ts > what was not ticked is not in the token, and is not asked again',
  R4: 'cli/commands.test.ts > create prints the secret once, with what to do next',
  R5: `${OAUTH} > is warned about in development, on the login and on the grant page`,
  R6: `${OAUTH} > is a scheme of its own for an application on a phone, in the form that nobody else can claim`,
  R7: `${MACHINES} > a form post with id and secret brings a token without a person`,
  R8: `${MACHINES} > a form post with id and secret brings a token without a person`,
  R9: 'config.test.ts > takes a production issuer, and test switches where the issuer ends in .test',
  R10: 'gatekeeper/trust.test.ts > reads with which grants the tokens of an API are got',
  A1: `${OAUTH} > discovery, login and grant lead back with a code and the state`,
  A2: `${OAUTH} > a code without a journey is a redirect as the page shows it`,
  A3: `${NGI} > the callback has code, scope and state; the code buys a token for what the person allowed`,
  A4: `${NGI} > comes with a description and the state`,
  A5: `${PROTO} > a redirect URI that is not the one we know is a page, and leads nowhere`,
  A6: `${OAUTH} > brings the token in the fragment, where only the browser sees it`,
  A7: `${PROTO} > the journey goes through the web view of a phone, which has no script switched on and says what application it is in`,
  P1: `${OAUTH} > discovery, login and grant lead back with a code and the state`,
  P2: `${OAUTH} > on later logins an account is chosen instead of an institution`,
  P3: `${OAUTH} > discovery, login and grant lead back with a code and the state`,
  P4: 'journeys/consent.test.ts > the page says who asks, who runs it, where one returns to, and the own values',
  P5: `${OAUTH} > is warned about in development, on the login and on the grant page`,
  P6: 'factors/policy.test.ts > sets one up on the way, gets codes for the day it is lost, and goes on',
  T1: `${NGI} > other addresses are the same endpoints, and nothing else is`,
  T2: `${OAUTH} > buys a token with every member that the page shows, and the token tells who the person is`,
  T3: `${PROTO} > a JSON token request brings access token, refresh token and expires_in`,
  T4: `${MACHINES} > a form post with id and secret brings a token without a person`,
  T5: `${PROTO} > a JSON token request brings access token, refresh token and expires_in`,
  T6: `${NGI} > the callback has code, scope and state; the code buys a token for what the person allowed`,
  T7: `${NGI} > audience and scope bring a token for that API`,
  T8: 'flows/authorization-details.test.ts > say less where the token request does, and the grant keeps all of it',
  T9: `${PROTO} > after expires_in the token is refused, and a JSON refresh brings the next`,
  T10: `${OAUTH} > buys a token with every member that the page shows, and the token tells who the person is`,
  T11: `${OP} > has every member that the page lists`,
  T12: `${PROTO} > after expires_in the token is refused, and a JSON refresh brings the next`,
  T13: 'journeys/prompts.test.ts > what was not ticked is not in the token, and is not asked again',
  T14: 'protocol/parsers.test.ts > with any letter changed are nothing',
  T15: `${OAUTH} > buys a token with every member that the page shows, and the token tells who the person is`,
  U1: `${OAUTH} > buys a token with every member that the page shows, and the token tells who the person is`,
  U2: `${OAUTH} > buys a token with every member that the page shows, and the token tells who the person is`,
  U3: `${MACHINES} > no userinfo with it, even with the profile and email scopes`,
  U4: `${PROTO} > after expires_in the token is refused, and a JSON refresh brings the next`,
  G1: `${MACHINES} > a form post with id and secret brings a token without a person`,
  G2: `${MACHINES} > without a scope the token is for the APIs: what is about people means nothing`,
  G3: `${GATEKEEPER} > with a person behind the call: who, with which client, what is allowed, and how the person signed in`,
  G4: 'gatekeeper/exchange.test.ts > of a system has no person',
  G5: `${GATEKEEPER} > by a system: the client, and no person, said in so many words`,
  C1: `${NGI} > is the one that the code came from: its token reaches no other`,
  C2: `${NGI} > of whoever: a token of the client itself reaches every active one that the client may use`,
  C3: `${NGI} > the callback has code, scope and state; the code buys a token for what the person allowed`,
  C4: `${NGI} > the callback has code, scope and state; the code buys a token for what the person allowed`,
}

/** Rows whose part of the server is not built: none any more. */
export const notBuilt: readonly string[] = []

const COUNTS = { R: 10, A: 7, P: 6, T: 15, U: 4, G: 5, C: 4 } as const

export const rows: readonly string[] = Object.entries(COUNTS).flatMap(([letter, count]) => Array.from({ length: count }, (_, i) => `${letter}${i + 1}`))
