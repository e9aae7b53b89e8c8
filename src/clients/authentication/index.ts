import { clientSecretBasic } from './client-secret-basic.ts'
import { clientSecretPost } from './client-secret-post.ts'
import type { ClientAuthenticationMethod } from './method.ts'
import { none } from './none.ts'

export const clientAuthenticationMethods: readonly ClientAuthenticationMethod[] = [clientSecretBasic, clientSecretPost, none]
