import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { passwordFault } from '../../src/users/password-rules.ts'

const ABOUT = ['ada', 'ada@ntu.example', 'Ada Example', 'Portner']

describe('a new password', () => {
  test.each([
    ['short', 'too-short'],
    ['1234567', 'too-short'],
    ['😀😀😀😀', 'too-short'],
    ['x'.repeat(1001), 'too-long'],
    ['password', 'common'],
    ['Password1!', 'common'],
    ['P@ssw0rd2026', 'common'],
    ['passord123', 'common'],
    ['Salasana1', 'common'],
    ['lösenord99', 'common'],
    ['qwertyuiop', 'common'],
    ['1q2w3e4r', 'common'],
    ['12345678', 'common'],
    ['87654321', 'common'],
    ['19871224', 'common'],
    ['aaaaaaaaaa', 'common'],
    ['abcabcabc', 'common'],
    ['Sommer2026', 'common'],
    ['LiverpooL!!', 'common'],
    ['ada12345', 'about-you'],
    ['Example99!', 'about-you'],
    ['portner-2026', 'about-you'],
    ['adaexample', 'about-you'],
    ['seven lilac teapots sing', undefined],
    ['ada has a password', undefined],
    ['correct horse battery', undefined],
    ['kY7#pQ2v', undefined],
    ['длинный пароль', undefined],
  ])('%s: %s', (password, fault) => {
    expect(passwordFault(password, ABOUT)).toBe(fault)
  })

  test('of random letters is taken, whatever the person is called', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 16, maxLength: 40 }).filter((text) => new Set(text.toLowerCase()).size > 10), (password) => {
        expect(passwordFault(password, ABOUT)).toBeUndefined()
      }),
    )
  })
})
