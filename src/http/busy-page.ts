import type { FastifyReply, FastifyRequest } from 'fastify'
import { escapeHtml } from '../lib/escape-html.ts'
import { randomBelow } from '../lib/random.ts'
import { assetPath } from './assets.ts'
import { directionOf, type Locale } from './locale.ts'
import { translator } from './messages.ts'
import { requestLocale } from './pages.ts'
import { setPageHeaders } from './security-headers.ts'

// The page for whoever finds the line full. It is made once a language and is the same for all: hundreds are turned away in one moment,
// and each of them must cost next to nothing. It has no layout: what stands there speaks of the request.

const made = new Map<Locale, string>()

function write(locale: Locale): string {
  const { text } = translator(locale)
  const heading = escapeHtml(text('login.busy.heading'))
  return `<!doctype html>
<html lang="${locale.slice(0, 2)}" dir="${directionOf(locale)}" data-page="error"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${heading}</title><link rel="stylesheet" href="${assetPath('style.css')}"></head>
<body><main id="main"><h1>${heading}</h1><p>${escapeHtml(text('login.busy.text'))}</p><p><a class="button" href="">${escapeHtml(text('page.retry'))}</a></p></main></body></html>
`
}

const SOONEST_SECONDS = 2
const SPREAD_SECONDS = 4

/** Answers 429: come back in a moment, not all at the same one. `Try again` opens the same address anew. */
export function busyPage(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const locale = requestLocale(request)
  const body = made.get(locale) ?? write(locale)
  made.set(locale, body)
  setPageHeaders(reply, {}, 'same-origin')
  return reply.code(429).headers({ 'retry-after': String(SOONEST_SECONDS + randomBelow(SPREAD_SECONDS)), 'content-language': locale }).type('text/html; charset=utf-8').send(body)
}
