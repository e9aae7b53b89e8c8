import { generateAuthenticationOptions, generateRegistrationOptions, verifyAuthenticationResponse, verifyRegistrationResponse } from '@simplewebauthn/server'
import { z } from 'zod'
import type { Context } from '../context.ts'
import { CHALLENGE_SECONDS, drawChallenge, takeChallenge } from './passkey-challenges.ts'
import { createPasskey, findPasskey, type Passkey, usePasskey } from './passkeys.ts'
import { displayName, type User } from './user.ts'

// Owns the two ceremonies of WebAuthn Level 3 (§7.1, §7.2): what an authenticator is asked, and what its answer proves. The relying party is
// the issuer's host, the origin is the issuer to the letter; the library checks the signature, this file what belongs to whom.

const text = z.string().max(20_000)
const credential = z.looseObject({ id: z.string().min(1).max(1400).regex(/^[A-Za-z0-9_-]+$/), rawId: z.string(), type: z.literal('public-key'), clientExtensionResults: z.record(z.string(), z.unknown()).default({}) })
const assertion = credential.extend({ response: z.looseObject({ clientDataJSON: text, authenticatorData: text, signature: text, userHandle: z.string().max(200).nullish() }) })
const attestation = credential.extend({ response: z.looseObject({ clientDataJSON: text, attestationObject: text, transports: z.array(z.string().regex(/^[a-z-]{1,20}$/)).max(10).optional() }) })

const TRANSPORTS = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb'] as const
type Transport = (typeof TRANSPORTS)[number]

function relyingParty(ctx: Context): string {
  return new URL(ctx.config.issuer).hostname
}

/** The opaque id, as bytes: names and addresses are no business of an authenticator's (§14.6.1). */
function userHandle(userId: string): Buffer {
  return Buffer.from(userId.replaceAll('-', ''), 'hex')
}

function known(passkeys: readonly Passkey[]): { id: string; transports: Transport[] }[] {
  return passkeys.map(({ credentialId, transports }) => ({ id: credentialId, transports: TRANSPORTS.filter((transport) => transports.includes(transport)) }))
}

function challengeBytes(ctx: Context, subject: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(drawChallenge(ctx, subject), 'base64url'))
}

/** What is asked to prove a passkey: one of these, or with none named any that the device has for us. `lifetime` is for the script, in seconds. */
export async function assertionOptions(ctx: Context, subject: string, passkeys: readonly Passkey[] = []): Promise<object> {
  const options = await generateAuthenticationOptions({
    rpID: relyingParty(ctx),
    challenge: challengeBytes(ctx, subject),
    timeout: CHALLENGE_SECONDS * 1000,
    // Who comes without a password must show that they are the owner, not only that they hold the device.
    userVerification: passkeys.length === 0 ? 'required' : 'preferred',
    ...(passkeys.length === 0 ? {} : { allowCredentials: known(passkeys) }),
  })
  return { publicKey: options, lifetime: CHALLENGE_SECONDS }
}

export interface ProvenPasskey {
  readonly passkey: Passkey
  readonly userVerified: boolean
  /** RFC 8176. */
  readonly amr: readonly string[]
}

export interface AssertionDemand {
  /** What the challenge was drawn for. */
  readonly subject: string
  readonly requireUserVerification: boolean
  /** Whose passkey it must be; anybody's when left out. */
  readonly userId?: string
}

function parsed<T>(schema: z.ZodType<T>, json: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(json)).data
  } catch {
    return undefined
  }
}

/** The signature, with everything that it covers. What the library does not like it throws; the reason is for the log. */
async function verified<T>(ctx: Context, verification: () => Promise<T & { readonly verified: boolean }>): Promise<T | undefined> {
  try {
    const result = await verification()
    return result.verified ? result : undefined
  } catch (error) {
    ctx.log.info({ event: 'passkey.refused', detail: error instanceof Error ? error.message.replaceAll(/"[^"]*"/g, '"…"').slice(0, 200) : 'unknown' }, 'a passkey was not taken')
    return undefined
  }
}

/** Checks what an authenticator signed, and takes it: the challenge once, the counter onward. Nothing for anything that is not right. */
export async function takeAssertion(ctx: Context, json: string, demand: AssertionDemand): Promise<ProvenPasskey | undefined> {
  const response = parsed(assertion, json)
  const passkey = response && (await findPasskey(ctx, response.id))
  if (response === undefined || passkey === undefined) return undefined
  if (demand.userId !== undefined && passkey.userId !== demand.userId) return undefined
  const handle = response.response.userHandle ?? ''
  if (handle !== '' && handle !== userHandle(passkey.userId).toString('base64url')) return undefined
  const { credentialId: id, publicKey, counter } = passkey
  const result = await verified(ctx, () =>
    verifyAuthenticationResponse({
      response: response as Parameters<typeof verifyAuthenticationResponse>[0]['response'],
      expectedChallenge: (challenge) => takeChallenge(ctx, challenge, demand.subject),
      expectedOrigin: ctx.config.issuer,
      expectedRPID: relyingParty(ctx),
      credential: { id, publicKey: Uint8Array.from(publicKey), counter },
      requireUserVerification: demand.requireUserVerification,
    }),
  )
  if (result === undefined) return undefined
  const { newCounter, userVerified, credentialBackedUp } = result.authenticationInfo
  if (!(await usePasskey(ctx, id, newCounter, credentialBackedUp))) return undefined
  return { passkey, userVerified, amr: [passkey.synced ? 'swk' : 'hwk', 'user'] }
}

/** What is asked to make a new passkey for a person: a discoverable one, on no authenticator that has one already. */
export async function registrationOptions(ctx: Context, subject: string, user: User, passkeys: readonly Passkey[]): Promise<object> {
  const options = await generateRegistrationOptions({
    rpName: ctx.config.serviceName,
    rpID: relyingParty(ctx),
    userID: Uint8Array.from(userHandle(user.userId)),
    userName: user.claims.email ?? user.username ?? displayName(user),
    userDisplayName: displayName(user),
    challenge: challengeBytes(ctx, subject),
    timeout: CHALLENGE_SECONDS * 1000,
    attestationType: 'none',
    excludeCredentials: known(passkeys),
    authenticatorSelection: { residentKey: 'required', userVerification: 'preferred' },
  })
  return { publicKey: options }
}

/** Keeps the passkey that an authenticator has made. Nothing for anything that is not right, or when it is known already, as anybody's. */
export async function takeRegistration(ctx: Context, json: string, subject: string, userId: string, name: string): Promise<{ readonly credentialId: string; readonly amr: readonly string[] } | undefined> {
  const response = parsed(attestation, json)
  if (response === undefined) return undefined
  const result = await verified(ctx, () =>
    verifyRegistrationResponse({
      response: response as Parameters<typeof verifyRegistrationResponse>[0]['response'],
      expectedChallenge: (challenge) => takeChallenge(ctx, challenge, subject),
      expectedOrigin: ctx.config.issuer,
      expectedRPID: relyingParty(ctx),
      requireUserVerification: false,
    }),
  )
  if (result?.registrationInfo === undefined) return undefined
  const { credential: made, credentialDeviceType, credentialBackedUp } = result.registrationInfo
  const synced = credentialDeviceType === 'multiDevice'
  const transports = TRANSPORTS.filter((transport) => response.response.transports?.includes(transport))
  const kept = await createPasskey(ctx, { credentialId: made.id, userId, name, publicKey: Buffer.from(made.publicKey), counter: made.counter, transports, synced, backedUp: credentialBackedUp })
  return kept ? { credentialId: made.id, amr: [synced ? 'swk' : 'hwk', 'user'] } : undefined
}
