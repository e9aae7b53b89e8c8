import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isOwnHash, passwordHashFault, verifyPasswordHash } from '../../src/lib/password-hash.ts'

// Made by others: bcrypt by libxcrypt, scrypt and PBKDF2 by Python's hashlib over OpenSSL, the salted digests by hashlib and by OpenLDAP's
// slappasswd, argon2i by slappasswd.

const PASSWORD = 'pâssword with spaces'
const VECTORS = [
  '$2b$06$abcdefghijklmnopqrstuuvDGO78yCYbAHbBYD3yxEP4XmBITMi4i',
  '$2a$05$ABCDEFGHIJKLMNOPQRSTUucw/I1bROZFqDO.7xigXLB8C0S9Xpm8u',
  '$2y$04$0123456789abcdefghijkuwuYBS0c1tUqN3Q3ZDJOkmNRfb972Xb.',
  '{CRYPT}$2b$06$abcdefghijklmnopqrstuuvDGO78yCYbAHbBYD3yxEP4XmBITMi4i',
  '$scrypt$ln=14,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$0WK0qV117SchqhJEdoBXCrX5H/ve36PyBgz4.lqHhIk',
  '$pbkdf2$29000$AAECAwQFBgcICQoLDA0ODw$z4pvKJozQjfUAXLL4eNxKujhxEw',
  '$pbkdf2-sha256$29000$AAECAwQFBgcICQoLDA0ODw$EX0MJIk3hTTLtq0hvJI9NxR8lGkTuz/oQl.tf7fIsLk',
  '$pbkdf2-sha512$29000$AAECAwQFBgcICQoLDA0ODw$1.nXdpO7S3KQhCr3NyP5EUonOnZ6qiSTr6EuzeNHRUfjayeC7iehnGX.j4EVRmlr0LLKmtFO2onbqQ1U9ryn7g',
  '$pbkdf2-sha256$i=31000,l=32$AAECAwQFBgcICQoLDA0ODw$v899yB9sPhVqJklK0FFNFUXmldDSTcwj3GfGjYiroO0',
  'pbkdf2_sha256$60000$NaClNaClNaCl$BMT9iEStXoH9G9m1te4vG9O3a7Kb5pJXeVcWSj5WPmk=',
  '{SSHA}mmd93qTVwLPBziAKTbkVOwswdKe07KDJ',
  '{SSHA256}TLkh7mAgSNO9MelCc6OQ/1xVeuIde+fP1gW4981vxdNzYWx0c2FsdA==',
  '{SSHA384}2dfw1iBbwnSoQhTW3Qt09UsezKnNuikpPlx8ck7sys9XWCAffCzyhF0TwaepUkqrc2FsdHNhbHQ=',
  '{SSHA512}ySO/BkVsfdO+K/mSoRA5wDORwaGlBl52as9QLpEPy2UqYt2FtJ5E2EU+bPdsPhooadFPSBOdcXEXs2b4lElfFmu+2mx0mxk0',
  '{ARGON2}$argon2i$v=19$m=4096,t=3,p=1$+FOjxYp+MvWrQpk1gmpllA$iOx3iO0Gfttz8ED03EDR40OEr7xe5sUkDFE7aG8gueI',
]

describe.each(VECTORS)('%s', (hash) => {
  test('is that of its password, of no other, and not one of ours', async () => {
    expect([passwordHashFault(hash), isOwnHash(hash)]).toEqual([undefined, false])
    expect(await verifyPasswordHash(hash, PASSWORD)).toBe(true)
    for (const other of ['password with spaces', `${PASSWORD} `, '']) expect(await verifyPasswordHash(hash, other)).toBe(false)
  })
})

describe('what is not imported', () => {
  const SALT = 'AAECAwQFBgcICQoLDA0ODw'
  const DIGEST = '0WK0qV117SchqhJEdoBXCrX5H/ve36PyBgz4.lqHhIk'
  test.each([
    ['bcrypt that takes minutes', '$2b$31$abcdefghijklmnopqrstuuvDGO78yCYbAHbBYD3yxEP4XmBITMi4i'],
    ['bcrypt that costs nothing', '$2b$03$abcdefghijklmnopqrstuuvDGO78yCYbAHbBYD3yxEP4XmBITMi4i'],
    ['the bcrypt with the sign bug', '$2x$06$abcdefghijklmnopqrstuuvDGO78yCYbAHbBYD3yxEP4XmBITMi4i'],
    ['scrypt over gigabytes', `$scrypt$ln=24,r=8,p=1$${SALT}$${DIGEST}`],
    ['scrypt over gigabytes by another parameter', `$scrypt$ln=14,r=9999,p=1$${SALT}$${DIGEST}`],
    ['scrypt that repeats itself for ever', `$scrypt$ln=14,r=8,p=99999$${SALT}$${DIGEST}`],
    ['scrypt of nothing', `$scrypt$ln=0,r=8,p=1$${SALT}$${DIGEST}`],
    ['PBKDF2 with a thousand million iterations', `$pbkdf2-sha256$1000000000$${SALT}$${DIGEST}`],
    ['PBKDF2 with none', `$pbkdf2-sha256$0$${SALT}$${DIGEST}`],
    ['Django\'s with too many', 'pbkdf2_sha256$99999999$NaCl$BMT9iEStXoH9G9m1te4vG9O3a7Kb5pJXeVcWSj5WPmk='],
    ['PBKDF2 of four bytes', `$pbkdf2-sha256$29000$${SALT}$AAECAw`],
    ['argon2 over a terabyte', `$argon2id$v=19$m=999999999,t=1,p=1$${SALT}$${DIGEST.replace('.', '+')}`],
    ['argon2 for hours', `$argon2id$v=19$m=1048576,t=999,p=1$${SALT}$${DIGEST.replace('.', '+')}`],
    ['a digest without salt', '{SSHA}5en6G6MezRroT3XKqkdPOmY/BfQ='],
    ['an unsalted one', '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='],
    ['MD5', '$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/'],
    ['the password itself', 'correct horse battery'],
    ['nothing', ''],
  ])('%s', async (_what, hash) => {
    expect(passwordHashFault(hash)).toBeDefined()
    await expect(verifyPasswordHash(hash, 'x')).rejects.toThrow()
  })

  test('any text is refused or can be checked', async () => {
    const piece = fc.constantFrom('$2b$04$', '$scrypt$', 'ln=1', ',r=1', ',p=1', '$', 'pbkdf2_sha256$', '1$', '{SSHA}', '{SSHA512}', '$argon2id$v=19$m=8,t=1,p=1$', 'A'.repeat(22), 'A'.repeat(43), '=', 'x', 'AAECAwQFBgcICQoLDA0ODw')
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')), async (text) => {
        if (passwordHashFault(text) === undefined) await verifyPasswordHash(text, 'x').then((good) => expect(good).toBe(false))
      }),
      { numRuns: 1000 },
    )
  })
})
