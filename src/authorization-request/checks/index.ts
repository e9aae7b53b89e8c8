import { checkClaims, checkMaxAge, checkPreferences, checkPrompt } from './authentication.ts'
import type { Check } from './check.ts'
import { checkClient } from './client.ts'
import { checkIdTokenHint } from './id-token-hint.ts'
import { checkOnceOnly } from './once-only.ts'
import { checkPkce } from './pkce.ts'
import { checkRedirectUri, checkStateLength } from './redirect-uri.ts'
import { checkRequestObject } from './request-object.ts'
import { checkResource } from './resource.ts'
import { checkResponseMode, checkResponseType } from './response-type.ts'
import { checkScope } from './scope.ts'

/** The rules in the order in which they are asked. Until checkRedirectUri has passed, an error is a page. */
export const checks: readonly Check[] = [
  checkClient,
  checkRedirectUri,
  checkOnceOnly,
  checkStateLength,
  checkRequestObject,
  checkResponseType,
  checkResponseMode,
  checkPkce,
  checkScope,
  checkResource,
  checkPrompt,
  checkMaxAge,
  checkClaims,
  checkPreferences,
  checkIdTokenHint,
]
