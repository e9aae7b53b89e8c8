import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assetPath } from '../../src/http/assets.ts'
import { contentSecurityPolicy } from '../../src/http/security-headers.ts'
import { cases } from './models/index.ts'
import { addressOf, pagesApp } from './pages-app.ts'

let app: FastifyInstance
beforeAll(async () => {
  app = await pagesApp(true)
})
afterAll(async () => {
  await app.close()
})

const fetchAsset = async (url: string, encoding?: string) => app.inject({ url, headers: encoding === undefined ? {} : { 'accept-encoding': encoding } })

describe('static files', () => {
  it('are kept for ever under the hash of their content', async () => {
    const { headers, statusCode } = await fetchAsset(assetPath('style.css'))
    expect(statusCode).toBe(200)
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable')
    expect(headers['content-type']).toBe('text/css; charset=utf-8')
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['vary']).toBe('accept-encoding')
  })

  it('come compressed as the browser can', async () => {
    const plain = await fetchAsset(assetPath('page.js'))
    const brotli = await fetchAsset(assetPath('page.js'), 'gzip, deflate, br;q=1.0')
    const gzip = await fetchAsset(assetPath('page.js'), 'gzip, br;q=0')
    expect(plain.headers['content-encoding']).toBeUndefined()
    expect(brotli.headers['content-encoding']).toBe('br')
    expect(gzip.headers['content-encoding']).toBe('gzip')
    expect(brotliDecompressSync(brotli.rawPayload)).toEqual(plain.rawPayload)
    expect(gunzipSync(gzip.rawPayload)).toEqual(plain.rawPayload)
  })

  it.each(['/assets/style.css', '/assets/style.000000000000.css', '/assets/..%2Flayout.eta', '/assets/', '/assets/%00'])('%s does not exist', async (url) => {
    expect((await fetchAsset(url)).statusCode).toBe(404)
  })

  it('are small enough: style 3 KB, script 6 KB, all of a first visit 20 KB', async () => {
    const style = (await fetchAsset(assetPath('style.css'), 'br')).rawPayload.length
    const script = (await fetchAsset(assetPath('page.js'), 'br')).rawPayload.length
    const mark = (await fetchAsset(assetPath('mark.svg'), 'br')).rawPayload.length
    expect(style).toBeLessThan(3072)
    expect(script).toBeLessThan(6144)
    for (const entry of cases) {
      const html = (await app.inject(addressOf(entry))).rawPayload.length
      expect(html + style, addressOf(entry)).toBeLessThan(14 * 1024)
      expect(html + style + script + mark, addressOf(entry)).toBeLessThan(20 * 1024)
    }
  })

  it('have no rule that overrules another, and none for nothing', async () => {
    const css = (await fetchAsset(assetPath('style.css'))).body
    expect(css).not.toContain('!important')
    const markup = (await Promise.all(cases.map(async (entry) => (await app.inject(addressOf(entry))).body))).join('')
    const classes = [...new Set([...css.matchAll(/\.([a-z][a-z-]*)(?=[^{}]*\{)/g)].map((match) => match[1] ?? ''))]
    expect(classes.filter((name) => !new RegExp(`class="[^"]*\\b${name}\\b`).test(markup))).toEqual([])
  })
})

describe('the policy of a page', () => {
  it.each([
    ['https://client.example/cb?x=1', 'form-action https://client.example/cb;'],
    ['http://127.0.0.1:8080/cb;script-src *,x', 'form-action http://127.0.0.1:8080/cb%3Bscript-src%20*%2Cx;'],
    ['com.example.app:/cb', 'form-action com.example.app:;'],
    ["not a url; script-src 'unsafe-inline'", "form-action 'self';"],
  ])('with the form target %s', (formAction, expected) => {
    expect(contentSecurityPolicy({ formAction })).toContain(expected)
  })

  it.each([
    ['https://client.example/logo.png', "img-src 'self' https://client.example;"],
    ['data:image/png;base64,AA', "img-src 'self';"],
    ['nothing; img-src *', "img-src 'self';"],
  ])('with the image %s', (imageSource, expected) => {
    expect(contentSecurityPolicy({ imageSource })).toContain(expected)
  })
})
