import { codeExpired } from './code-expired.ts'
import { codeTwice } from './code-twice.ts'
import type { Lesson } from './lesson.ts'
import { machine } from './machine.ts'
import { pkceMismatch } from './pkce-mismatch.ts'
import { plainHttp } from './plain-http.ts'
import { refusedConsent } from './refused-consent.ts'
import { unknownScope } from './unknown-scope.ts'
import { wrongAudience } from './wrong-audience.ts'
import { wrongRedirectUri } from './wrong-redirect-uri.ts'
import { wrongSecret } from './wrong-secret.ts'

// What else there is to try.
export const others: readonly Lesson[] = [machine, plainHttp]
// What goes wrong, on purpose.
export const breaks: readonly Lesson[] = [wrongRedirectUri, wrongSecret, codeTwice, codeExpired, pkceMismatch, unknownScope, wrongAudience, refusedConsent]

export const lessons: readonly Lesson[] = [...others, ...breaks]
