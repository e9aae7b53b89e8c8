import { yaml } from './quote.ts'
import type { Snippet } from './snippet.ts'

export const java: Snippet = {
  id: 'java',
  name: 'Java (Spring Security)',
  kinds: ['web'],
  code: ({ issuer, clientId, redirectUri, scope }) => `# build.gradle: implementation 'org.springframework.boot:spring-boot-starter-oauth2-client'
# src/main/resources/application.yml
spring:
  security:
    oauth2:
      client:
        registration:
          portner:
            client-id: ${yaml(clientId)}
            client-secret: \${OIDC_CLIENT_SECRET}
            client-authentication-method: client_secret_basic
            authorization-grant-type: authorization_code
            redirect-uri: ${yaml(redirectUri)}
            scope: ${yaml(scope.split(' ').join(','))}
        provider:
          portner:
            issuer-uri: ${yaml(issuer)}
---
// SecurityConfig.java: Spring draws and checks state and nonce itself; PKCE is switched on here.
@Configuration
class SecurityConfig {
  @Bean
  SecurityFilterChain chain(HttpSecurity http, ClientRegistrationRepository clients) throws Exception {
    var requests = new DefaultOAuth2AuthorizationRequestResolver(clients, "/oauth2/authorization");
    requests.setAuthorizationRequestCustomizer(OAuth2AuthorizationRequestCustomizers.withPkce());
    return http
        .authorizeHttpRequests(all -> all.requestMatchers("/failed").permitAll().anyRequest().authenticated())
        .oauth2Login(login -> login
            .authorizationEndpoint(endpoint -> endpoint.authorizationRequestResolver(requests))
            .redirectionEndpoint(endpoint -> endpoint.baseUri(${JSON.stringify(new URL(redirectUri).pathname)}))
            // The code of the refusal, such as access_denied, is in the exception.
            .failureUrl("/failed"))
        .build();
  }
}
`,
}
