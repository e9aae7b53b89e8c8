import type { Context } from '../context.ts'
import { fetchLogo } from '../upstream/federation/fetch-logo.ts'
import { takeDueLogos } from '../upstream/federation/logo-store.ts'
import type { Job } from './job.ts'

// Fetches the logos of institutions, a few at a time: thousands come with a federation, and nobody waits for them.

const AT_ONCE = 2
const MOST = 100
const STOPPING_MS = 500

async function run(ctx: Context, stopping: () => boolean): Promise<number> {
  const end = new AbortController()
  const watch = setInterval(() => {
    if (stopping()) end.abort()
  }, STOPPING_MS)
  try {
    const due = [...(await takeDueLogos(ctx.db, MOST))]
    let count = 0
    const work = async (): Promise<void> => {
      for (let logo = due.pop(); logo !== undefined && !stopping(); logo = due.pop()) if (await fetchLogo(ctx, logo, end.signal)) count++
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    return count
  } finally {
    clearInterval(watch)
  }
}

export const fetchLogosJob: Job = { name: 'fetch-logos', everySeconds: 60, run }
