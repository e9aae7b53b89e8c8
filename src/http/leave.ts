import type { FastifyReply, FastifyRequest } from 'fastify'
import { page } from './pages.ts'

/** Where a browser goes on to, outside this service. A form that `goesOn` is answered by redirects to anywhere: an institution's own sign-in. */
export type Leaving = { readonly kind: 'address'; readonly url: string } | { readonly kind: 'form'; readonly action: string; readonly fields: Readonly<Record<string, string>>; readonly goesOn?: true }

function isBrowserDocument(request: FastifyRequest): boolean {
  return request.headers['sec-fetch-dest'] === 'document'
}

/** Whether the page that sends the browser on may stay in its history: a form that waits for a click, a scheme that opens an app beside it. */
function staysOnScreen(to: Leaving): boolean {
  return to.kind === 'form' || !/^https?:/i.test(to.url)
}

export interface LeaveOptions {
  readonly uiLocales?: string | undefined
  /** Not within a chain of our own form posts: a GET is a plain redirect. */
  readonly direct?: boolean
  /** Where a GET shows the same answer, so that reload and back ask no question about sending a form again. */
  readonly shownAt?: string
}

/**
 * Sends the browser on. Browsers cancel a redirect to another origin that follows a form post under `form-action 'self'`, over our own
 * addresses too; so within the journey a browser gets the hand-off page, other agents 303 (never 307: a password must not travel on).
 */
export function leave(request: FastifyRequest, reply: FastifyReply, to: Leaving, name: string, options: LeaveOptions = {}): FastifyReply {
  const { uiLocales, direct, shownAt } = options
  if (shownAt !== undefined && request.method === 'POST' && isBrowserDocument(request) && staysOnScreen(to)) return goTo(reply, shownAt)
  if (to.kind === 'form') return page(reply, request, 'form-post', { action: to.action, name, fields: to.fields }, { formAction: to.goesOn === true ? new URL(to.action).protocol : to.action, uiLocales })
  if (direct === true && request.method === 'GET') return reply.header('cache-control', 'no-store').redirect(to.url, 302)
  if (isBrowserDocument(request)) return page(reply, request, 'handoff', { href: to.url, name }, { uiLocales })
  return reply.header('cache-control', 'no-store').redirect(to.url, request.method === 'GET' ? 302 : 303)
}

/** On to another of our own pages. */
export function goTo(reply: FastifyReply, path: string): FastifyReply {
  return reply.header('cache-control', 'no-store').redirect(path, 303)
}
