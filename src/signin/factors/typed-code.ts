import type { Form } from '../../protocol/form.ts'

const LONGEST = 100

/** The code of a form as a person may type it: with spaces, hyphens, and the digits of any script's full-width form (pages.md M-01). */
export function typedCode(form: Form): string {
  return (form.single.get('code') ?? '').slice(0, LONGEST).normalize('NFKC').replaceAll(/[\s\p{Pd}]/gu, '')
}
