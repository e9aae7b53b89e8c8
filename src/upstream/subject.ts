import { isFit } from '../lib/fit-text.ts'

const LONGEST = 255

/** Whether what a provider calls a person can be who they are: a text, and one that we can keep whole. */
export function isSubject(subject: unknown): subject is string {
  return typeof subject === 'string' && subject !== '' && subject.length <= LONGEST && isFit(subject)
}
