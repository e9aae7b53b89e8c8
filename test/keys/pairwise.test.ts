import { randomBytes, randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readPairwiseSalt } from '../../src/keys/pairwise-salt.ts'
import { createPairwiseSubjects } from '../../src/keys/pairwise-subjects.ts'
import { createSealing } from '../../src/keys/sealing.ts'
import { SealedKeyError } from '../../src/keys/store.ts'
import { startTestServer, type TestServer } from '../support/app.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

test('a name leads back to its person, in its own sector only', () => {
  const subjects = createPairwiseSubjects(randomBytes(32))
  fc.assert(
    fc.property(fc.uuid(), fc.domain(), fc.domain(), (userId, sector, other) => {
      const subject = subjects.subject(sector, userId)
      expect(subject).toMatch(/^[A-Za-z0-9_-]{22}$/)
      expect(subjects.userId(sector, subject)).toBe(userId)
      if (other !== sector) expect(subjects.userId(other, subject)).not.toBe(userId)
    }),
  )
})

test('another salt gives other names, and no text that is not a name is one', () => {
  const [one, other] = [createPairwiseSubjects(randomBytes(32)), createPairwiseSubjects(randomBytes(32))]
  const userId = randomUUID()
  expect(one.subject('a.example', userId)).not.toBe(other.subject('a.example', userId))
  fc.assert(
    fc.property(fc.string(), (text) => {
      const read = one.userId('a.example', text)
      expect(read === undefined || one.subject('a.example', read) === text).toBe(true)
    }),
  )
})

test('of a hundred processes that start at once all have the one salt', async () => {
  const { db } = server.ctx
  const sealing = createSealing(['the secret of now'])
  await sql`delete from pairwise_salt`.execute(db)
  const salts = await Promise.all(Array.from({ length: 100 }, () => readPairwiseSalt(db, sealing)))
  expect(new Set(salts.map((salt) => salt.toString('hex'))).size).toBe(1)
  expect((await sql`select 1 from pairwise_salt`.execute(db)).rows).toHaveLength(1)
})

test('it outlives the secret that it was sealed with, once that was replaced; and no other secret opens it', async () => {
  const { db } = server.ctx
  await sql`delete from pairwise_salt`.execute(db)
  const salt = await readPairwiseSalt(db, createSealing(['first']))
  await expect(readPairwiseSalt(db, createSealing(['stranger']))).rejects.toThrow(SealedKeyError)
  expect(await readPairwiseSalt(db, createSealing(['second', 'first']))).toEqual(salt)
  expect(await readPairwiseSalt(db, createSealing(['second']))).toEqual(salt)
  await expect(readPairwiseSalt(db, createSealing(['first']))).rejects.toThrow(SealedKeyError)
  const { rows } = await sql<{ sealed: Buffer }>`select sealed from pairwise_salt`.execute(db)
  expect(rows[0]?.sealed.includes(salt)).toBe(false)
})
