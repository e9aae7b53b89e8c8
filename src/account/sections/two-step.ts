import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import type { AccountTwoStepModel } from '../../http/factor-views.ts'
import { queryForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { readAgent } from '../../lib/user-agent.ts'
import { factorsOf } from '../../signin/factors-of.ts'
import { tellOfFactor } from '../../signin/tell-of-factor.ts'
import { findFactorPreferences, setEmailCodes } from '../../users/factor-preferences.ts'
import { listPasskeys } from '../../users/passkeys.ts'
import { countRecoveryCodes, replaceRecoveryCodes } from '../../users/recovery-codes.ts'
import { deleteTotpSecret, hasTotpSecret } from '../../users/totp-secrets.ts'
import { forgetTrustedDevice, listTrustedDevices } from '../../users/trusted-devices.ts'
import { appPages } from '../app-pages.ts'
import { afterRemoving, noteAdded, TWO_STEP, WHY } from '../factor-changes.ts'
import { notFound } from '../not-found.ts'
import { passkeyPages } from '../passkey-pages.ts'
import { type Account, type AccountKit, isAccount, type Section } from '../section.ts'

// What a person can prove beside a password: passkeys, an authenticator app, recovery codes, codes by e-mail, and where none of it is asked for.

const NAME = 'two-step'
const DONE = /^(passkey|totp|email|codes|device)-(added|removed|renamed|refused)$/

async function modelOf(ctx: Context, request: FastifyRequest, kit: AccountKit, account: Account): Promise<AccountTwoStepModel> {
  const { userId, claims } = account.user
  const [passkeys, hasApp, codesLeft, { emailCodes }, devices, own] = await Promise.all([
    listPasskeys(ctx, userId), hasTotpSecret(ctx, userId), countRecoveryCodes(ctx, userId), findFactorPreferences(ctx, userId), listTrustedDevices(ctx, userId), factorsOf(ctx, account.user),
  ])
  const done = queryForm(request).single.get('done') ?? ''
  return {
    frame: kit.frame(request, account, NAME),
    path: TWO_STEP,
    csrf: kit.token(account, NAME),
    passkeys: passkeys.map(({ credentialId, name, createdAt, usedAt, synced }) => ({ id: credentialId, name, since: createdAt, usedOn: usedAt, synced })),
    hasApp,
    codesLeft: own.length === 0 ? undefined : codesLeft,
    email: ctx.mail.isOffered && claims.email !== undefined && claims.email_verified === true ? { address: claims.email, on: emailCodes } : undefined,
    devices: devices.map(({ trustId, label, createdAt, until }) => ({ id: trustId, ...readAgent(label), since: createdAt, until })),
    done: DONE.test(done) ? done : undefined,
  }
}

type Act = (account: Account, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>

function pages(app: FastifyInstance, ctx: Context, kit: AccountKit): void {
  app.get(TWO_STEP, async (request, reply) => {
    const account = await kit.requireAccount(request, reply)
    return isAccount(account) ? page(reply, request, 'account-two-step', await modelOf(ctx, request, kit, account)) : account
  })

  /** A form of the page. Whoever must sign in first comes back to its address by GET. */
  const form = (path: string, requirement: { readonly recent?: string }, act: Act): void => {
    app.get(`${TWO_STEP}/${path}`, async (_request, reply) => goTo(reply, TWO_STEP))
    app.post(`${TWO_STEP}/${path}`, async (request, reply) => {
      const account = await kit.requireAccount(request, reply, requirement)
      if (!isAccount(account)) return account
      kit.ownForm(request, account, NAME)
      return act(account, request, reply)
    })
  }

  form('app/remove', { recent: WHY }, async (account, request, reply) => {
    if (!(await deleteTotpSecret(ctx.db, account.user.userId))) throw notFound()
    return afterRemoving(ctx, request, reply, account, 'totp')
  })
  form('codes', { recent: WHY }, async ({ user }, request, reply) => {
    const codes = await replaceRecoveryCodes(ctx, user.userId)
    ctx.audit.record({ event: 'factor.changed', userId: user.userId, change: 'recovery codes replaced' })
    await tellOfFactor(ctx, user, 'factor-added', requestLocale(request))
    return page(reply, request, 'recovery-codes', { codes, continueHref: TWO_STEP })
  })
  form('email', { recent: WHY }, async (account, request, reply) => {
    const on = kit.ownForm(request, account, NAME).single.get('on') === '1'
    await setEmailCodes(ctx, account.user.userId, on)
    if (!on) return afterRemoving(ctx, request, reply, account, 'email')
    await noteAdded(ctx, request, account, 'email')
    return goTo(reply, `${TWO_STEP}?done=email-added`)
  })
  // To be asked again takes nothing away from anybody.
  form('device', {}, async (account, request, reply) => {
    const trustId = kit.ownForm(request, account, NAME).single.get('device') ?? ''
    if (!(await forgetTrustedDevice(ctx, account.user.userId, trustId))) throw notFound()
    ctx.audit.record({ event: 'factor.changed', userId: account.user.userId, change: 'device asked again' })
    return goTo(reply, `${TWO_STEP}?done=device-removed`)
  })

  appPages(app, ctx, kit)
  passkeyPages(app, ctx, kit)
}

export const twoStep: Section = { name: NAME, path: TWO_STEP, pages }
