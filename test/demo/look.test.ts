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

  const looks = [320, 1024].flatMap((width) => (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme })))

  test.each(looks)('has no fault that axe finds and no sideways scroll: $width px, $colorScheme', async ({ width, colorScheme }) => {
    const options = { viewport: { width, height: 800 }, colorScheme }
    const visitor = await visit(stage, options)
    const { page } = visitor
    const look = async (name: string): Promise<void> => {
      if (SHOTS !== undefined) {
        mkdirSync(SHOTS, { recursive: true })
        await page.screenshot({ path: `${SHOTS}/${name}-${width}-${colorScheme}.png`, fullPage: true })
      }
      expect(await lookOver(page), name).toEqual({ sideways: 0, faults: [] })
    }
    await look('1-first')
    await press(visitor, '#authorize')
    await signIn(visitor)
    await act(visitor, 'redeem')
    await act(visitor, 'verify')
    for (const action of ['ask-userinfo', 'refresh', 'introspect', 'revoke', 'userinfo-again', 'wrong-redirect-uri', 'wrong-secret', 'machine']) await act(visitor, action)
    await act(visitor, 'code-twice')
    await page.waitForURL(/\/demo#code-twice/)
    await look('2-last')
    await page.goto(stage.server.issuer)
    await look('0-home')
    expect(visitor.complaints).toEqual([])
    await visitor.context.close()
  }, 90_000)
})
