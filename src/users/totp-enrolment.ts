import QRCode from 'qrcode'
import type { Context } from '../context.ts'
import { otpauthAddress, toBase32 } from '../lib/totp.ts'
import { acceptedStep, drawTotpSecret, saveTotpSecret } from './totp-secrets.ts'

// Owns the set-up of an authenticator app. The secret travels with the form, sealed for one person and one browser: showing the page keeps
// nothing, and nothing counts before a code of the app has confirmed it.

export interface TotpEnrolment {
  readonly sealed: string
  /** In groups of four, for whoever types it. */
  readonly key: string
  readonly otpauth: string
  /** Squares of one unit, as the path of an SVG of that size. */
  readonly picture: { readonly size: number; readonly path: string }
}

const QUIET_ZONE = 4

function pictureOf(text: string): TotpEnrolment['picture'] {
  const { modules } = QRCode.create(text, { errorCorrectionLevel: 'M' })
  const { size, data } = modules
  const squares: string[] = []
  for (let at = 0; at < data.length; at++) {
    if (data[at] === 1) squares.push(`M${QUIET_ZONE + (at % size)} ${QUIET_ZONE + Math.floor(at / size)}h1v1h-1z`)
  }
  return { size: size + 2 * QUIET_ZONE, path: squares.join('') }
}

/** What a page of the set-up shows. `subject` names person and browser; `sealed` is a form that came back. */
export function totpEnrolment(ctx: Context, subject: string, account: string, sealed?: string): TotpEnrolment {
  const known = sealed === undefined ? undefined : openEnrolment(ctx, subject, sealed)
  const secret = known ?? drawTotpSecret()
  const otpauth = otpauthAddress(ctx.config.serviceName, account, secret)
  return { sealed: sealEnrolment(ctx, subject, secret), key: (toBase32(secret).match(/.{1,4}/g) ?? []).join(' '), otpauth, picture: pictureOf(otpauth) }
}

function sealEnrolment(ctx: Context, subject: string, secret: Uint8Array): string {
  return ctx.sealing.seal('totp-secret', secret, `enrolment/${subject}`).toString('base64url')
}

function openEnrolment(ctx: Context, subject: string, sealed: string): Buffer | undefined {
  return ctx.sealing.unseal('totp-secret', Buffer.from(sealed, 'base64url'), `enrolment/${subject}`)
}

/** Gives the person the secret of a form, if the code is one of it. That code works no second time. */
export async function confirmEnrolment(ctx: Context, subject: string, userId: string, sealed: string, code: string): Promise<boolean> {
  const secret = openEnrolment(ctx, subject, sealed)
  const step = secret === undefined ? undefined : acceptedStep(ctx, secret, code)
  if (secret === undefined || step === undefined) return false
  await saveTotpSecret(ctx, ctx.db, userId, secret, step)
  return true
}
