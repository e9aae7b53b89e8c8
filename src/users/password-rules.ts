import { commonWords } from './common-passwords.ts'

// Owns which new passwords are taken. Length is what counts; kinds of characters are not asked for, because they only make people write
// "Password1!" (NIST SP 800-63B §3.1.1.2). What everybody uses is refused, and so is what an attacker would try first for this very person.

export const SHORTEST_PASSWORD = 8
const LONGEST_PASSWORD = 1000

export type PasswordFault = 'too-short' | 'too-long' | 'common' | 'about-you'

const LOOKALIKES: Readonly<Record<string, string>> = { '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '@': 'a', $: 's', '!': 'i' }

function letters(text: string): string {
  return text.replaceAll(/[^\p{L}]/gu, '')
}

/** Without the digits and signs around it, look-alikes written as letters. */
function core(text: string): string {
  return letters(text.replaceAll(/^[^\p{L}]+|[^\p{L}]+$/gu, '').replaceAll(/[013457@$!]/g, (sign) => LOOKALIKES[sign] ?? ''))
}

function isRun(text: string): boolean {
  const steps = Array.from({ length: text.length - 1 }, (_, i) => text.charCodeAt(i + 1) - text.charCodeAt(i))
  return steps.every((step) => step === steps[0] && Math.abs(step) <= 1)
}

function isRepeated(text: string): boolean {
  return /^(.{1,4})\1+.{0,3}$/su.test(text) && new Set(text).size <= 4
}

const KEYBOARD = ['1234567890', '0987654321', 'qwertyuiopå', 'asdfghjkløæ', 'zxcvbnm', '1qaz2wsx3edc4rfv5tgb', '1q2w3e4r5t6y7u8i9o0p', 'qazwsxedcrfvtgb', 'qweasdzxc']

function isCommon(lower: string): boolean {
  if (isRun(lower) || isRepeated(lower) || KEYBOARD.some((row) => row.includes(lower))) return true
  const words = [letters(lower), core(lower)]
  // Digits only: dates and telephone numbers of eight digits are guessed in a second.
  return words.some((word) => commonWords.has(word)) || (/^\d+$/.test(lower) && lower.length < 12)
}

function names(about: readonly string[]): string[] {
  return about.flatMap((text) => [text, ...text.split(/[\s@.]+/)]).map((part) => part.toLowerCase()).filter((part) => part.length >= 3)
}

/** What is left when somebody's own words are taken out must still be a password. */
function isAboutPerson(lower: string, about: readonly string[]): boolean {
  const rest = names(about).sort((a, b) => b.length - a.length).reduce((text, name) => text.replaceAll(name, ''), lower)
  return rest !== lower && rest.length < SHORTEST_PASSWORD
}

/** Why a new password is not taken; nothing when it is. `about`: user name, address, names of the person and of the service. */
export function passwordFault(password: string, about: readonly string[]): PasswordFault | undefined {
  const lower = password.normalize('NFKC').toLowerCase()
  if (Array.from(password).length < SHORTEST_PASSWORD) return 'too-short'
  if (password.length > LONGEST_PASSWORD) return 'too-long'
  if (isAboutPerson(lower, about)) return 'about-you'
  return isCommon(lower) ? 'common' : undefined
}

/** What a person's own password must not be made of. */
export function wordsAbout(user: { readonly username: string | undefined; readonly claims: { readonly name?: string | undefined; readonly email?: string | undefined } }, serviceName: string): readonly string[] {
  return [user.username, user.claims.name, user.claims.email, serviceName].filter((text) => text !== undefined)
}
