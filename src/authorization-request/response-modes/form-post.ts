import type { ResponseMode } from './mode.ts'

/** Parameters as a form that the browser posts (OAuth 2.0 Form Post Response Mode). */
export const formPost: ResponseMode = {
  name: 'form_post',
  depart: (redirectUri, fields) => ({ kind: 'form', action: redirectUri, fields }),
}
