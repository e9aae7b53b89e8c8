import { checkClaims, checkExpectedUsers, checkMaxAge, checkPreferences, checkPrompt } from './authentication.ts'
import { checkAuthorizationDetails } from './authorization-details.ts'
import type { Check } from './check.ts'
import { checkClient } from './client.ts'
import { checkDpopJkt } from './dpop-jkt.ts'
import { checkGrantManagement } from './grant-management.ts'
import { checkIdTokenHint } from './id-token-hint.ts'
import { checkOnceOnly } from './once-only.ts'
import { checkPkce } from './pkce.ts'
import { checkRedirectUri, checkStateLength } from './redirect-uri.ts'
import { checkOuterRedirect, checkRequestObject } from './request-object.ts'
import { checkResource } from './resource.ts'
import { checkNonce, checkResponseMode, checkResponseType } from './response-type.ts'
import { checkScope } from './scope.ts'

/** The rules in the order in which they are asked. Until checkRedirectUri has passed, an error is a page. */
export const checks: readonly Check[] = [
  checkClient,
  checkOuterRedirect,
  checkRequestObject,
  checkRedirectUri,
  checkOnceOnly,
  checkStateLength,
  checkResponseType,
  checkResponseMode,
  checkNonce,
  checkPkce,
  checkDpopJkt,
  checkScope,
  checkResource,
  checkAuthorizationDetails,
  checkGrantManagement,
  checkPrompt,
  checkMaxAge,
  checkClaims,
  checkPreferences,
  checkIdTokenHint,
  checkExpectedUsers,
]
