/** Everything worth keeping about people, clients and keys, one line each. No secret, code, token or password is ever a detail. */
type Happened =
  | { readonly event: 'login'; readonly userId: string; readonly providerId: string }
  | { readonly event: 'login.failed'; readonly providerId: string; readonly userId?: string; readonly reason: string }
  | { readonly event: 'login.throttled'; readonly providerId: string; readonly userId?: string }
  | { readonly event: 'factor.failed'; readonly userId: string; readonly method: string; readonly reason: string }
  | { readonly event: 'factor.proven'; readonly userId: string }
  | { readonly event: 'factor.throttled'; readonly userId: string }
  | { readonly event: 'factor.recovery_code_used'; readonly userId: string }
  | { readonly event: 'factor.changed'; readonly userId: string; readonly change: string; readonly reason?: string }
  | { readonly event: 'logout'; readonly userId: string }
  | { readonly event: 'session.ended'; readonly userId: string; readonly sessions: number }
  | { readonly event: 'consent.granted'; readonly userId: string; readonly clientId: string; readonly scope: string }
  | { readonly event: 'consent.registered'; readonly userId: string; readonly clientId: string; readonly scope: string }
  | { readonly event: 'consent.narrowed'; readonly userId: string; readonly clientId: string; readonly scope: string }
  | { readonly event: 'consent.removed'; readonly userId: string; readonly clientId: string }
  | { readonly event: 'consent.withdrawn'; readonly userId: string; readonly clientId: string; readonly consentId: string; readonly by: 'operator'; readonly reason: string }
  | { readonly event: 'consent.denied'; readonly userId: string; readonly clientId: string }
  | { readonly event: 'code.replayed'; readonly userId: string; readonly clientId: string }
  | { readonly event: 'grant.revoked'; readonly userId: string; readonly clientId: string }
  | { readonly event: 'refresh.reuse'; readonly userId: string; readonly clientId: string }
  | { readonly event: 'token.revoked'; readonly clientId: string; readonly type: string }
  | { readonly event: 'client.authentication_failed'; readonly clientId: string; readonly method: string }
  | { readonly event: 'client.changed'; readonly clientId: string; readonly change: string }
  | { readonly event: 'registration_token.given'; readonly uses: number; readonly seconds: number; readonly through: string }
  | { readonly event: 'organization.member_changed'; readonly organizationId: string; readonly userId: string; readonly change: string }
  | { readonly event: 'operator.changed'; readonly userId: string; readonly change: string }
  | { readonly event: 'scope.requested'; readonly clientId: string; readonly scope: string }
  | { readonly event: 'scope.decided'; readonly clientId: string; readonly scope: string; readonly decision: 'granted' | 'refused' | 'withdrawn' }
  | { readonly event: 'scope.organization_decided'; readonly clientId: string; readonly realm: string; readonly scope: string; readonly decision: 'approved' | 'refused' | 'withdrawn' }
  | { readonly event: 'provider.changed'; readonly providerId: string; readonly change: string }
  | { readonly event: 'user.changed'; readonly userId: string; readonly change: string; readonly members?: readonly string[] }
  | { readonly event: 'password.reset_asked'; readonly providerId: string; readonly userId?: string; readonly by?: 'operator' }
  | { readonly event: 'password.changed'; readonly userId: string; readonly by: 'reset' | 'account' }
  | { readonly event: 'user.signed_up'; readonly userId: string; readonly providerId: string }
  | { readonly event: 'users.merged'; readonly userId: string; readonly mergedId: string }
  | { readonly event: 'identity.unlinked'; readonly userId: string; readonly providerId: string }
  | { readonly event: 'device.refused'; readonly userId: string; readonly clientId: string }
  | { readonly event: 'group.changed'; readonly userId: string; readonly groupId: string; readonly change: string }
  | { readonly event: 'keys.rotated'; readonly kids: readonly string[] }
  | { readonly event: 'configuration.changed'; readonly kind: string; readonly id: string; readonly change: string; readonly members: readonly string[]; readonly through: string; readonly clientId?: string }
  | { readonly event: 'configuration.applied'; readonly changes: number }
  | { readonly event: 'federation.imported'; readonly federationId: string; readonly written: number; readonly disabled: number }

/** What happened and, where that is not the person it is about, who did it: the user id of whoever acted on a page or through the API. */
export type AuditEvent = Happened & { readonly actor?: string }
