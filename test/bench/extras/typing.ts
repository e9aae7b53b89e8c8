import { setTimeout as sleep } from 'node:timers/promises'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { fold } from '../../../src/lib/fold.ts'
import { institutions } from '../../support/institutions.ts'
import { chromiumLaunchOptions, wholeChromiumPath } from '../../support/chromium.ts'
import { quietest, withStolenShare } from '../quiet.ts'
import { percentile } from './percentile.ts'
import { authorizationPath } from './visitor.ts'

// A person at a real browser: how long after a key the list has changed, as the page itself sees it, and what the first visit weighs.

export interface TypingOrder {
  readonly what: string
  readonly institutions: number
  /** With the own country's institutions fetched ahead. */
  readonly nearby: boolean
  /** 60 ms to the server and back, a processor of a quarter of the speed. */
  readonly slow: boolean
  /** Whose institutions are typed; the browser is in Norway. */
  readonly country: string
  readonly goal: string
}

export interface TypingReport extends TypingOrder {
  readonly keys: number
  /** Milliseconds. */
  readonly p50: number
  readonly p95: number
  /** Share of the processor that the host of a virtual machine took, at most, meanwhile. */
  readonly stolen: number
}

const RUNS = 12
/** Of the runs those in which the host took least. */
const COUNTED = 5
const KEYS = 15
const ROUND_TRIP_MS = 60
const SLOWER = 4
const MOST_MS = 5000

// From the key's own time to the list's change; run in the page.
const WATCH = `(() => {
  let key
  window.took = []
  document.addEventListener('keydown', (event) => { key = event.timeStamp }, true)
  new MutationObserver(() => { if (key !== undefined) window.took.push(performance.now() - key); key = undefined }).observe(document.querySelector('#providers'), { childList: true })
})()`

async function slowDown(context: BrowserContext, page: Page): Promise<void> {
  const cdp = await context.newCDPSession(page)
  await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: ROUND_TRIP_MS, downloadThroughput: 1_125_000, uploadThroughput: 1_125_000 })
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: SLOWER })
}

function nameIn(country: string, run: number): string {
  const names = institutions(5000).filter((provider) => provider.country === country).slice(0, 40).map(({ name }) => (typeof name === 'string' ? name : (Object.values(name)[0] ?? '')))
  // What every keyboard has.
  return fold(names[(run * 7) % names.length] ?? '').slice(0, KEYS)
}

async function untilTaken(page: Page, count: number): Promise<void> {
  const until = performance.now() + MOST_MS
  while ((await page.evaluate<number>('window.took.length')) < count) {
    if (performance.now() > until) throw new Error('the list did not change')
    await sleep(15)
  }
}

async function typeOnce(context: BrowserContext, port: number, order: TypingOrder, run: number): Promise<readonly number[]> {
  const page = await context.newPage()
  if (!order.nearby) await page.route(/\/nearby/, (route) => route.abort())
  const fetched = order.nearby ? page.waitForResponse(/\/nearby/) : undefined
  await page.goto(`http://localhost:${port}${authorizationPath()}`)
  await (await fetched)?.finished()
  if (order.slow) await slowDown(context, page)
  await page.evaluate(WATCH)
  await page.focus('#q')
  for (const [i, letter] of Array.from(nameIn(order.country, run)).entries()) {
    await page.keyboard.press(letter === ' ' ? 'Space' : letter)
    await untilTaken(page, i + 1)
  }
  const took = await page.evaluate<number[]>('window.took')
  await page.close()
  return took
}

async function withChromium<T>(work: (context: BrowserContext) => Promise<T>): Promise<T> {
  const path = wholeChromiumPath()
  if (path === undefined) throw new Error('no Chromium: set CHROME_PATH')
  const browser = await chromium.launch(chromiumLaunchOptions(path))
  try {
    return await work(await browser.newContext({ locale: 'nb-NO' }))
  } finally {
    await browser.close()
  }
}

/** Twelve people type fifteen letters each, and five of them count; one before them warms the browser up. */
export async function measureTyping(port: number, order: TypingOrder): Promise<TypingReport> {
  const runs = await withChromium(async (context) => {
    await typeOnce(context, port, { ...order, slow: false }, 0)
    const all: { readonly value: readonly number[]; readonly stolen: number }[] = []
    for (let run = 1; run <= RUNS; run++) all.push(await withStolenShare(() => typeOnce(context, port, order, run)))
    return quietest(all, COUNTED)
  })
  const times = runs.flatMap(({ value }) => value).toSorted((a, b) => a - b)
  return { ...order, keys: times.length, p50: percentile(times, 0.5), p95: percentile(times, 0.95), stolen: runs.at(-1)?.stolen ?? 0 }
}

export interface Weight {
  readonly bytes: number
  readonly requests: number
  readonly rows: number
  readonly nearby: number
}

/** A first visit on the wire, headers too, without what is fetched when the browser is idle. */
export async function weighFirstVisit(port: number): Promise<Weight> {
  return withChromium(async (context) => {
    const page = await context.newPage()
    const cdp = await context.newCDPSession(page)
    await cdp.send('Network.enable')
    const addresses = new Map<string, string>()
    const sizes = new Map<string, number>()
    cdp.on('Network.requestWillBeSent', ({ requestId, request }) => addresses.set(requestId, request.url))
    cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => sizes.set(requestId, encodedDataLength))
    const fetched = page.waitForResponse(/\/nearby/)
    await page.goto(`http://localhost:${port}${authorizationPath()}`)
    const nearby = (await (await fetched).body()).length
    await page.waitForLoadState('networkidle')
    const first = [...sizes].filter(([id]) => !(addresses.get(id) ?? '').includes('/nearby')).map(([, size]) => size)
    return { bytes: first.reduce((sum, size) => sum + size, 0), requests: first.length, rows: await page.locator('[data-provider]').count(), nearby }
  })
}
