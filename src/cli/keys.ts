import type { Command as Commander } from 'commander'
import { readConfig } from '../config.ts'
import { rotateKeysForSaml, rotateSigningKeys } from '../declarations/keys.ts'
import { listKeys, PUBLISHED_BEFORE_USE_SECONDS } from '../keys/store.ts'
import { keyState } from '../keys/signing-key.ts'
import { changer } from './changer.ts'
import { type Command, withExamples, withOutputOptions } from './command.ts'
import { withContext } from './connect.ts'
import type { Io } from './io.ts'
import { type OutputOptions, print, table } from './output.ts'
import { status } from './status.ts'

function date(at: Date | undefined): string {
  return at === undefined ? '-' : at.toISOString().slice(0, 19).replace('T', ' ')
}

async function list(io: Io, options: OutputOptions): Promise<number> {
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    const keys = (await listKeys(ctx.db, ctx.sealing)).map((key) => ({ ...key, state: keyState(key, ctx.clock.now()) }))
    print(io, options, {
      json: keys.map(({ kid, alg, state, signsFrom, retiresAt, leavesAt }) => ({ kid, alg, state, signs_from: signsFrom, retires_at: retiresAt ?? null, leaves_at: leavesAt ?? null })),
      ids: keys.map((key) => key.kid),
      text: table(['KID', 'ALG', 'STATE', 'SIGNS FROM (UTC)', 'RETIRES', 'LEAVES'], keys.map((key) => [key.kid, key.alg, key.state, date(key.signsFrom), date(key.retiresAt), date(key.leavesAt)])),
    })
    return status.ok
  })
}

async function rotate(io: Io, options: OutputOptions): Promise<number> {
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    const kids = await rotateSigningKeys(ctx, changer)
    print(io, options, {
      json: { published: kids, signs_in_seconds: PUBLISHED_BEFORE_USE_SECONDS },
      ids: kids,
      text: `published ${kids.length} keys; they sign in ${PUBLISHED_BEFORE_USE_SECONDS / 60} minutes, when every cache has them:\n${kids.map((kid) => `  ${kid}\n`).join('')}`,
    })
    return status.ok
  })
}

async function rotateSaml(io: Io, options: OutputOptions): Promise<number> {
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    const kids = await rotateKeysForSaml(ctx, changer)
    print(io, options, { json: { published: kids }, ids: kids, text: 'our SAML metadata have new keys; the old ones go on for 30 days, in which every SAML provider must read our metadata again\n' })
    return status.ok
  })
}

function register(parent: Commander, io: Io, finish: (status: number) => void): void {
  const group = parent.command('keys').description('the keys that sign tokens')
  withExamples(withOutputOptions(group.command('list').description('all published keys')).action(async (options: OutputOptions) => finish(await list(io, options))), ['portner keys list --json'])
  withExamples(
    withOutputOptions(group.command('rotate').description('publish a successor of each key; the old ones stay until their last token is gone')).action(async (options: OutputOptions) => finish(await rotate(io, options))),
    ['portner keys rotate'],
  )
  withExamples(
    withOutputOptions(group.command('rotate-saml').description('publish successors of the keys that SAML providers know us by; the old ones go on for 30 days')).action(async (options: OutputOptions) => finish(await rotateSaml(io, options))),
    ['portner keys rotate-saml'],
  )
}

export const keysCommand: Command = { name: 'keys', register }
