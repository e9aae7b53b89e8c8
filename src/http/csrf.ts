import type { FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { hmacSha256, sameDigest } from '../lib/digest.ts'
import { accessDenied } from '../protocol/error.ts'
import type { Form } from '../protocol/form.ts'

/** The token of one form of one browser: it proves that the page was ours and that the step was shown. `subject` names browser and form. */
export function formToken(ctx: Context, subject: string): string {
  return hmacSha256(ctx.sealing.macKey('form'), subject).toString('base64url')
}

function fromElsewhere(request: FastifyRequest, issuer: string): boolean {
  const origin = request.headers.origin
  const site = request.headers['sec-fetch-site']
  return (origin !== undefined && origin !== issuer) || (site !== undefined && site !== 'same-origin' && site !== 'none')
}

/**
 * Refuses a form that did not come from our own page: the token always, `Origin` and `Sec-Fetch-Site` when the browser sends them
 * (`null` and other sites are refused; plain agents send none). Throws `access_denied` with status 403.
 */
export function requireOwnForm(ctx: Context, request: FastifyRequest, form: Form, subject: string): void {
  const token = Buffer.from(form.single.get('csrf') ?? '')
  const good = sameDigest(token, Buffer.from(formToken(ctx, subject)))
  if (!good || fromElsewhere(request, ctx.config.issuer)) throw accessDenied('The form did not come from this service', { status: 403, detail: good ? 'origin' : 'token', trace: { cause: 'form.foreign', ...(good && { compared: [{ name: 'Origin', sent: request.headers.origin, expected: ctx.config.issuer }] }) } })
}
