import { invalidRequest } from './error.ts'

/** OpenID Connect Core §3.1.2.1, and `create` of Initiating User Registration 1.0 §4. */
export const promptValues = ['none', 'login', 'consent', 'select_account', 'create'] as const
export type Prompt = (typeof promptValues)[number]

function isPrompt(value: string): value is Prompt {
  return (promptValues as readonly string[]).includes(value)
}

/** Parses `prompt`; unknown values and `none` with company are `invalid_request`. */
export function parsePrompt(text: string | undefined): readonly Prompt[] {
  if (text === undefined) return []
  const values = [...new Set(text.split(' ').filter((value) => value !== ''))]
  const known = values.filter(isPrompt)
  if (known.length !== values.length) throw invalidRequest('The prompt has a value that is not known', { parameter: 'prompt' })
  if (known.includes('none') && known.length > 1) throw invalidRequest('prompt=none goes with no other value', { parameter: 'prompt' })
  return known
}
