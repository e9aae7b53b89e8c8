import type { Context } from '../../context.ts'
import { ErrandFailed, runErrand } from '../../lib/child-process.ts'
import { sha256 } from '../../lib/digest.ts'
import { FetchFailure } from '../../lib/guarded-fetch.ts'
import { postponeLogo, saveLogo, type SmallImage } from './logo-store.ts'
import type { ShrinkAnswer, ShrinkTask } from './shrink-process.ts'

// Owns how an institution's logo becomes a small picture of ours: fetched once in a long while, made anew out of its pixels in a child
// process, or left out. No browser ever asks the institution for it, and no byte of theirs is passed on.

/** Bytes. */
const LARGEST_SOURCE = 512 * 1024
const SHRINK_MILLISECONDS = 10_000
/** Of its JavaScript heap; the pixels are outside of it. */
const SHRINK_MEGABYTES = 32
/** Days until a good one is looked at again, a useless one, and one that did not come. */
const DAYS = { good: 30, useless: 30, missing: 3 } as const

async function sourceOf(ctx: Context, address: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
  if (address.startsWith('data:')) return Buffer.from(address.slice(address.indexOf(',') + 1), 'base64')
  const answer = await ctx.fetch(address, { headers: { accept: 'image/webp, image/png, image/jpeg, image/gif' }, largest: LARGEST_SOURCE, signal })
  return answer.status === 200 ? new Uint8Array(await answer.arrayBuffer()) : undefined
}

async function shrink(bytes: Uint8Array, signal: AbortSignal): Promise<SmallImage | undefined> {
  const task: ShrinkTask = { bytes }
  try {
    // Only our own module answers.
    const answer = (await runErrand({ module: new URL('./shrink-process.ts', import.meta.url), task, milliseconds: SHRINK_MILLISECONDS, megabytes: SHRINK_MEGABYTES, signal })) as ShrinkAnswer
    if (!('image' in answer)) return undefined
    return { bytes: Buffer.from(answer.image), hash: sha256(answer.image).toString('hex').slice(0, 32) }
  } catch (error) {
    // A picture that kills its decoder is a useless one.
    if (error instanceof ErrandFailed) return undefined
    throw error
  }
}

/** Fetches a provider's logo and keeps a small one, or notes that there is none to be had. Returns whether there is one. */
export async function fetchLogo(ctx: Context, { providerId, source }: { readonly providerId: string; readonly source: string }, signal: AbortSignal): Promise<boolean> {
  try {
    const bytes = await sourceOf(ctx, source, signal)
    if (bytes === undefined) {
      await postponeLogo(ctx.db, providerId, DAYS.missing)
      return false
    }
    const image = await shrink(bytes, signal)
    if (signal.aborted) return false
    await saveLogo(ctx.db, providerId, source, image, image === undefined ? DAYS.useless : DAYS.good)
    return image !== undefined
  } catch (error) {
    if (!(error instanceof FetchFailure)) throw error
    await postponeLogo(ctx.db, providerId, DAYS.missing)
    return false
  }
}
