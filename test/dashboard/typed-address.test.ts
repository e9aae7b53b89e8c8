import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressFault, originFault } from '../../src/dashboard/typed-address.ts'
import { redirectUriFault } from '../../src/protocol/redirect-uri.ts'

// What is wrong with an address that somebody typed, and what to type instead (pages.md P-04).

const strict = { native: false, insecure: false }

describe('an address', () => {
  test.each([
    ['', 'empty', undefined],
    ['https://app.example.org/cb#x', 'fragment', 'https://app.example.org/cb'],
    ['https://*.example.org/cb', 'wildcard', undefined],
    ['https://app.example.org/*', 'wildcard', undefined],
    ['app.example.org/cb', 'scheme', 'https://app.example.org/cb'],
    ['app.example.org:8443/cb', 'scheme', 'https://app.example.org:8443/cb'],
    ['//app.example.org/cb', 'scheme', 'https://app.example.org/cb'],
    ['localhost:8080/cb', 'scheme', 'http://localhost:8080/cb'],
    ['https://app.example.org/my page', 'spaces', 'https://app.example.org/my%20page'],
    ['https://app.example.org/\tcb', 'spaces', 'https://app.example.org/%20cb'],
    ['javascript:alert(1)', 'script', undefined],
    ['JavaScript:alert(1)//https://', 'script', undefined],
    ['data:text/html,x', 'script', undefined],
    ['https://App.Example.org/Callback', 'capitals', 'https://app.example.org/Callback'],
    ['HTTPS://app.example.org/cb', 'capitals', 'https://app.example.org/cb'],
    ['http://app.example.org/cb', 'insecure', 'https://app.example.org/cb'],
    ['https://bücher.example/cb', 'signs', 'https://xn--bcher-kva.example/cb'],
    ['https://app.example.org\\cb', 'signs', 'https://app.example.org/cb'],
    ['HTTP://App.Example.org/my page#x', 'spaces', 'https://app.example.org/my%20page'],
    ['https:/app.example.org/cb', 'slashes', 'https://app.example.org/cb'],
    ['https://ada:secret@app.example.org/cb', 'password', 'https://app.example.org/cb'],
    ['org.example.app:/cb', 'private', undefined],
    ['myapp://cb', 'private', undefined],
    ['https://', 'other', undefined],
    ['x'.repeat(2001), 'long', undefined],
  ])('%s: %s', (typed, fault, instead) => {
    expect(addressFault(typed, strict)).toEqual({ fault, ...(instead === undefined ? {} : { instead }) })
  })

  test.each(['https://app.example.org/callback', 'https://app.example.org/callback?tenant=1', 'http://127.0.0.1/cb', 'http://127.0.0.1:4711/cb', 'http://[::1]/cb', 'http://localhost:3000/cb'])('%s is good', (typed) => {
    expect(addressFault(typed, strict)).toBeUndefined()
  })

  test('of an app may have a scheme with a dot in it, and of one in development plain http', () => {
    expect(addressFault('org.example.app:/cb', { native: true, insecure: false })).toBeUndefined()
    expect(addressFault('myapp://cb', { native: true, insecure: false })).toEqual({ fault: 'private' })
    expect(addressFault('http://dev.example/cb', { native: false, insecure: true })).toBeUndefined()
  })

  test('of a page’s origin has no path', () => {
    expect(originFault('https://app.example.org')).toBeUndefined()
    expect(originFault('https://app.example.org/cb')).toEqual({ fault: 'other', instead: 'https://app.example.org' })
  })

  test('that is advised is good itself, and what is taken can be registered', () => {
    const parts = fc.array(fc.constantFrom('https', 'http', ':', '/', '//', '\\', '#', '*', '@', ' ', 'App.example', 'localhost', '127.0.0.1', ':80', '%', 'é', '?', 'javascript:', '..', '\t'), { maxLength: 10 }).map((all) => all.join(''))
    fc.assert(
      fc.property(fc.oneof(fc.string(), parts, parts.map((rest) => `https://app.example.org${rest}`)), fc.boolean(), (typed, native) => {
        const found = addressFault(typed, { native, insecure: false })
        if (found === undefined) expect(redirectUriFault(typed)).toBeUndefined()
        if (found?.instead !== undefined) expect(addressFault(found.instead, strict)).toBeUndefined()
      }),
    )
  })
})
