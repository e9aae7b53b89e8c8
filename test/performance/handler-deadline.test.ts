import { fastify } from 'fastify'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { limitHandlers } from '../../src/http/handler-deadline.ts'
import { OAuthError } from '../../src/protocol/error.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }))
afterEach(() => void vi.useRealTimers())

it('answers 503 in place of a handler that hangs, with a body and without, and leaves the others alone', async () => {
  const app = fastify()
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  limitHandlers(app)
  app.setErrorHandler((error, _request, reply) => reply.code(error instanceof OAuthError ? error.status : 500).send('late'))
  let release = (): void => {}
  const released = new Promise<void>((resolve) => (release = resolve))
  const hang = async (): Promise<string> => {
    await released
    return 'finished'
  }
  app.get('/hang', hang)
  app.post('/hang', hang)
  app.get('/quick', async () => 'quick')
  await app.ready()
  const hanging = [app.inject({ url: '/hang' }), app.inject({ method: 'POST', url: '/hang', payload: 'a=b', headers: { 'content-type': 'text/x' } })]
  expect((await app.inject({ url: '/quick' })).body).toBe('quick')
  await new Promise((resolve) => setImmediate(resolve))
  vi.advanceTimersByTime(12_000)
  const answers = await Promise.all(hanging)
  expect(answers.map(({ statusCode, body }) => [statusCode, body])).toEqual([
    [503, 'late'],
    [503, 'late'],
  ])
  // What the handler says afterwards goes nowhere and breaks nothing.
  release()
  expect((await app.inject({ url: '/quick' })).body).toBe('quick')
  await app.close()
})
