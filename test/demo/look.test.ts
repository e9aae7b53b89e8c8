import { mkdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lookOver } from '../support/axe.ts'
import { chromiumPath } from '../support/chromium.ts'
import { act, openStage, press, type Stage, signIn, visit } from './visitor.ts'

// How the demo looks: at the widths and in the colours that people have.

const path = chromiumPath()
/** A folder for pictures of the pages, for people to look at. */
const SHOTS = process.env['DEMO_SHOTS']

describe.skipIf(path === undefined)('the look of the demo in Chromium', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await openStage(path ?? '')
  })
  afterAll(() => stage?.close())

  interface Look {
    readonly width: number
    readonly colorScheme: 'light' | 'dark'
    readonly again?: 'again'
  }
  // Two opposite looks at everything; in the others at what the look can change.
  const looks: readonly Look[] = [
    { width: 320, colorScheme: 'light' },
    { width: 320, colorScheme: 'dark', again: 'again' },
    { width: 1024, colorScheme: 'light', again: 'again' },
    { width: 1024, colorScheme: 'dark' },
  ]

  test('has no fault that axe finds and no sideways scroll, at 320 and 1024 px, light and dark', async () => {
    const visitor = await visit(stage)
    const { page } = visitor
    const lookAt = async (name: string): Promise<void> => {
      for (const { width, colorScheme, again } of looks) {
        await page.setViewportSize({ width, height: 800 })
        await page.emulateMedia({ colorScheme })
        if (SHOTS !== undefined) {
          mkdirSync(SHOTS, { recursive: true })
          await page.screenshot({ path: `${SHOTS}/${name}-${width}-${colorScheme}.png`, fullPage: true })
        }
        expect(await lookOver(page, again), `${name}, ${width} px, ${colorScheme}`).toEqual({ sideways: 0, faults: [] })
      }
    }
    await lookAt('1-first')
    await press(visitor, '#authorize')
    await signIn(visitor)
    await act(visitor, 'redeem')
    await act(visitor, 'verify')
    for (const action of ['ask-userinfo', 'refresh', 'introspect', 'revoke', 'userinfo-again', 'wrong-redirect-uri', 'wrong-secret', 'machine']) await act(visitor, action)
    await act(visitor, 'code-twice')
    await page.waitForURL(/\/demo#code-twice/)
    await lookAt('2-last')
    await page.goto(stage.server.issuer)
    await lookAt('0-home')
    expect(visitor.complaints).toEqual([])
    await visitor.context.close()
  }, 90_000)
})
