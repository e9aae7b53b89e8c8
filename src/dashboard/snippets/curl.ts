import { shell } from './quote.ts'
import type { Snippet, SnippetFacts } from './snippet.ts'

const NEEDS_SECRET = ': "${OIDC_CLIENT_SECRET:?take it from the .env file}"'

function head({ issuer, clientId, secret }: SnippetFacts): string {
  return ['#!/bin/sh', `ISSUER=${shell(issuer)}`, `CLIENT_ID=${shell(clientId)}`, ...(secret ? [NEEDS_SECRET] : [])].join('\n')
}

function proof({ secret }: SnippetFacts): string {
  return secret ? '-u "$CLIENT_ID:$OIDC_CLIENT_SECRET"' : '-d "client_id=$CLIENT_ID"'
}

function service(facts: SnippetFacts): string {
  return `${head(facts)}
# One request: the program signs in as itself. An error is JSON too: {"error": …, "error_description": …}
curl -sS --fail-with-body "$ISSUER/oauth/token" ${proof(facts)} -d grant_type=client_credentials
`
}

function device(facts: SnippetFacts): string {
  return `${head(facts)}
member() { sed -n "s/.*\\"$1\\":\\"\\{0,1\\}\\([^\\",}]*\\).*/\\1/p"; }
STARTED=$(curl -sS --fail-with-body "$ISSUER/oauth/device_authorization" ${proof(facts)} -d ${shell(`scope=${facts.scope}`)}) || { echo "$STARTED" >&2; exit 1; }
echo "Open $(echo "$STARTED" | member verification_uri) and enter $(echo "$STARTED" | member user_code)"
WAIT=$(echo "$STARTED" | member interval)
while :; do
  sleep "\${WAIT:-5}"
  ANSWER=$(curl -sS "$ISSUER/oauth/token" ${proof(facts)} -d grant_type=urn:ietf:params:oauth:grant-type:device_code -d "device_code=$(echo "$STARTED" | member device_code)")
  case $(echo "$ANSWER" | member error) in
    authorization_pending) ;;
    slow_down) WAIT=$((\${WAIT:-5} + 5)) ;;
    '') echo "$ANSWER"; exit 0 ;;
    *) echo "refused: $ANSWER" >&2; exit 1 ;;
  esac
done
`
}

function code(facts: SnippetFacts): string {
  const { redirectUri, scope } = facts
  const fixed = new URLSearchParams({ response_type: 'code', redirect_uri: redirectUri, scope, code_challenge_method: 'S256' })
  return `${head(facts)}
REDIRECT_URI=${shell(redirectUri)}
random() { openssl rand -base64 32 | tr '+/' '-_' | tr -d '=\\n'; }
STATE=$(random); NONCE=$(random); VERIFIER=$(random)
CHALLENGE=$(printf %s "$VERIFIER" | openssl dgst -sha256 -binary | openssl base64 | tr '+/' '-_' | tr -d '=\\n')
echo 'Open this address, sign in, and paste the address that the browser comes to:'
echo "$ISSUER/oauth/authorization?client_id=$CLIENT_ID&"${shell(String(fixed))}"&state=$STATE&nonce=$NONCE&code_challenge=$CHALLENGE"
read -r ANSWER
answer() { printf %s "$ANSWER" | sed -n "s/.*[?&]$1=\\([^&#]*\\).*/\\1/p"; }
[ "$(answer state)" = "$STATE" ] || { echo 'This answer belongs to another sign-in: state differs' >&2; exit 1; }
[ -z "$(answer error)" ] || { echo "Refused: $(answer error) $(answer error_description)" >&2; exit 1; }
TOKENS=$(curl -sS --fail-with-body "$ISSUER/oauth/token" ${proof(facts)} -d grant_type=authorization_code \\
  -d "code=$(answer code)" --data-urlencode "redirect_uri=$REDIRECT_URI" -d "code_verifier=$VERIFIER") || { echo "$TOKENS" >&2; exit 1; }
member() { printf %s "$TOKENS" | sed -n "s/.*\\"$1\\":\\"\\([^\\"]*\\)\\".*/\\1/p"; }
# The ID token came over TLS from the server itself; its nonce ties it to this sign-in. Programs verify its signature as well.
member id_token | cut -d. -f2 | tr '_-' '/+' | base64 -d 2>/dev/null | grep -q "\\"nonce\\":\\"$NONCE\\"" || { echo 'The ID token belongs to another sign-in: nonce differs' >&2; exit 1; }
curl -sS --fail-with-body "$ISSUER/userinfo" -H "Authorization: Bearer $(member access_token)"
`
}

export const curl: Snippet = {
  id: 'curl',
  name: 'curl',
  kinds: ['web', 'spa', 'native', 'service', 'device'],
  code: (facts) => (facts.kind === 'service' ? service(facts) : facts.kind === 'device' ? device(facts) : code(facts)),
}
