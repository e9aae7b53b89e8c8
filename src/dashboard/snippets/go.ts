import { quoted } from './quote.ts'
import { type Snippet, type SnippetFacts } from './snippet.ts'

function service({ issuer, clientId }: SnippetFacts): string {
  return `// go get golang.org/x/oauth2
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"golang.org/x/oauth2/clientcredentials"
)

func main() {
	config := clientcredentials.Config{
		ClientID:     ${quoted(clientId)},
		ClientSecret: os.Getenv("OIDC_CLIENT_SECRET"),
		TokenURL:     ${quoted(`${issuer}/oauth/token`)},
	}
	token, err := config.Token(context.Background())
	if err != nil {
		log.Fatal("refused: ", err)
	}
	fmt.Println("a token until", token.Expiry)
}
`
}

function web({ issuer, clientId, redirectUri, scope }: SnippetFacts): string {
  const scopes = scope.split(' ').map(quoted).join(', ')
  return `// go get golang.org/x/oauth2 github.com/coreos/go-oidc/v3/oidc
// The login step keeps what newSignIn returns in the browser's session; the callback gives it back.
package signin

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"os"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

type SignIn struct{ State, Nonce, Verifier string }

func configOf(ctx context.Context) (*oidc.Provider, *oauth2.Config, error) {
	provider, err := oidc.NewProvider(ctx, ${quoted(issuer)})
	if err != nil { return nil, nil, err }
	return provider, &oauth2.Config{ClientID: ${quoted(clientId)}, ClientSecret: os.Getenv("OIDC_CLIENT_SECRET"), Endpoint: provider.Endpoint(), RedirectURL: ${quoted(redirectUri)}, Scopes: []string{${scopes}}}, nil
}
func newSignIn(config *oauth2.Config) (SignIn, string) {
	s := SignIn{rand.Text(), rand.Text(), oauth2.GenerateVerifier()}
	return s, config.AuthCodeURL(s.State, oidc.Nonce(s.Nonce), oauth2.S256ChallengeOption(s.Verifier))
}
func finish(ctx context.Context, provider *oidc.Provider, config *oauth2.Config, s SignIn, answer url.Values) (*oidc.IDToken, error) {
	if answer.Get("state") != s.State { return nil, errors.New("state differs") }
	if refused := answer.Get("error"); refused != "" { return nil, errors.New("refused: " + refused) }
	tokens, err := config.Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(s.Verifier))
	if err != nil { return nil, err }
	raw, _ := tokens.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: config.ClientID}).Verify(ctx, raw)
	if err == nil && id.Nonce != s.Nonce { err = errors.New("nonce differs") }
	return id, err
}
`
}

export const go: Snippet = { id: 'go', name: 'Go (x/oauth2, go-oidc)', kinds: ['web', 'service'], code: (facts) => (facts.kind === 'service' ? service(facts) : web(facts)) }
