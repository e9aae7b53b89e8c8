import { quoted } from './quote.ts'
import { pathOf, type Snippet, type SnippetFacts } from './snippet.ts'

function service({ issuer, clientId }: SnippetFacts): string {
  return `# pip install authlib requests
import os
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session

session = OAuth2Session(${quoted(clientId)}, os.environ["OIDC_CLIENT_SECRET"], token_endpoint_auth_method="client_secret_basic")
try:
    token = session.fetch_token(${quoted(`${issuer}/oauth/token`)}, grant_type="client_credentials")
    print("A token for", token["expires_in"], "seconds")
except OAuthError as error:
    raise SystemExit(f"Refused: {error.error} {error.description}")
`
}

function web({ issuer, clientId, redirectUri, scope, ...facts }: SnippetFacts): string {
  return `# pip install authlib flask requests
import os
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask, jsonify, session

app = Flask(__name__)
app.secret_key = os.environ["SESSION_SECRET"]
oauth = OAuth(app)
# Authlib draws state and nonce, keeps them in the session and checks them; S256 switches PKCE on.
portner = oauth.register(
    "portner",
    server_metadata_url=${quoted(`${issuer}/.well-known/openid-configuration`)},
    client_id=${quoted(clientId)},
    client_secret=os.environ["OIDC_CLIENT_SECRET"],
    client_kwargs={"scope": ${quoted(scope)}, "code_challenge_method": "S256", "token_endpoint_auth_method": "client_secret_basic"},
)


@app.get("/login")
def login():
    return portner.authorize_redirect(${quoted(redirectUri)})


@app.get(${quoted(pathOf({ issuer, clientId, redirectUri, scope, ...facts }))})
def callback():
    try:
        token = portner.authorize_access_token()
    except OAuthError as error:
        return jsonify(error=error.error, description=error.description), 400
    session["person"] = token["userinfo"]
    return jsonify(token["userinfo"])
`
}

export const python: Snippet = { id: 'python', name: 'Python (Authlib)', kinds: ['web', 'service'], code: (facts) => (facts.kind === 'service' ? service(facts) : web(facts)) }
