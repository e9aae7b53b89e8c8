import { single } from './quote.ts'
import { pathOf, type Snippet } from './snippet.ts'

export const php: Snippet = {
  id: 'php',
  name: 'PHP (league/oauth2-client)',
  kinds: ['web'],
  code: (facts) => {
    const { issuer, clientId, redirectUri, scope } = facts
    return `<?php // composer require league/oauth2-client
require __DIR__ . '/vendor/autoload.php';
session_start();
$provider = new League\\OAuth2\\Client\\Provider\\GenericProvider([
    'clientId' => ${single(clientId)},
    'clientSecret' => getenv('OIDC_CLIENT_SECRET'),
    'redirectUri' => ${single(redirectUri)},
    'urlAuthorize' => ${single(`${issuer}/oauth/authorization`)},
    'urlAccessToken' => ${single(`${issuer}/oauth/token`)},
    'urlResourceOwnerDetails' => ${single(`${issuer}/userinfo`)},
    'scopes' => ${single(scope)},
    'pkceMethod' => 'S256',
], ['optionProvider' => new League\\OAuth2\\Client\\OptionProvider\\HttpBasicAuthOptionProvider()]);

if (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) !== ${single(pathOf(facts))}) {
    $nonce = bin2hex(random_bytes(16));
    $address = $provider->getAuthorizationUrl(['nonce' => $nonce]);
    $_SESSION['signin'] = [$provider->getState(), $nonce, $provider->getPkceCode()];
    header('Location: ' . $address);
    exit;
}
[$state, $nonce, $verifier] = $_SESSION['signin'] ?? ['', '', ''];
unset($_SESSION['signin']);
try {
    if ($state === '' || !hash_equals($state, $_GET['state'] ?? '')) throw new RuntimeException('state differs');
    if (isset($_GET['error'])) throw new RuntimeException('refused: ' . $_GET['error']);
    $provider->setPkceCode($verifier);
    $token = $provider->getAccessToken('authorization_code', ['code' => $_GET['code'] ?? '']);
    $claims = json_decode(base64_decode(strtr(explode('.', $token->getValues()['id_token'])[1], '-_', '+/')), true);
    if (($claims['nonce'] ?? '') !== $nonce) throw new RuntimeException('nonce differs');
    echo json_encode($provider->getResourceOwner($token)->toArray());
} catch (Exception $error) {
    http_response_code(400);
    echo 'Sign-in failed: ' . htmlspecialchars($error->getMessage());
}
`
  },
}
