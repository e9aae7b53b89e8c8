import { formPost } from './form-post.ts'
import { fragment } from './fragment.ts'
import { signedModes } from './jwt.ts'
import type { ResponseMode } from './mode.ts'
import { query } from './query.ts'

export const responseModes: readonly ResponseMode[] = [query, fragment, formPost, ...signedModes]
