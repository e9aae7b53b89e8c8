import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTerminal, type Terminal } from '../cli/terminal.ts'

// What an operator sees of the compatibility switches.

const SWITCHES = ['json_token_request', 'scope_in_authorization_response', 'specific_error_codes', 'extended_token_response', 'dataporten_userinfo']
const SECRET = '0b4c9d2e7f1a4c38b5d6e7f8a9b0c1d2'

let terminal: Terminal
beforeAll(async () => {
  terminal = await openTerminal()
})
afterAll(() => terminal.close())

async function apply(members: string): Promise<{ readonly status: number; readonly err: string }> {
  const path = join(terminal.directory, 'client.yaml')
  await writeFile(path, `kind: client\nclient_id: old\nclient_name: Old\nredirect_uris: [https://old.example.org/callback]\n${members}`)
  return terminal.run(['apply', path])
}

test.each(SWITCHES)('fapi2 refuses %s', async (name) => {
  const fapi2 = 'profile: fapi2\ntoken_endpoint_auth_method: private_key_jwt\njwks_uri: https://old.example.org/keys\n'
  const { status, err } = await apply(`${fapi2}compatibility: [${name}]\n`)
  expect(status).toBe(2)
  expect(err).toContain('no compatibility switch goes with profile: fapi2')
})

test('doctor names each of a client that has them, and the client', async () => {
  expect((await apply(`client_secret: { value: ${SECRET} }\ncompatibility: [${SWITCHES.join(', ')}]\n`)).status).toBe(0)
  const { findings } = (await terminal.json(['doctor'])) as { findings: readonly { check: string; result: string; message?: string }[] }
  const told = JSON.stringify(findings.filter(({ check, result }) => check === 'compatibility' && result === 'warn'))
  for (const name of ['client old', ...SWITCHES]) expect(told).toContain(name)
})

test.each([
  ['/oauth2/token', 'must be pairs'],
  ['/oauth2/token=/oauth/token=/x', 'must be pairs'],
  ['oauth2/token=/oauth/token', 'must be pairs'],
  ['/oauth2/../token=/oauth/token', 'must be pairs'],
  ['/signin/token=/oauth/token', 'is an address of our own'],
  ['/userinfo=/oauth/token', 'is an address of our own'],
  ['/oauth2/token=/signin/x', 'is not an endpoint'],
  ['/oauth2/token=/oauth/tokens', 'is not an endpoint'],
])('the path alias %s is refused', async (alias, told) => {
  const { status, err } = await terminal.run(['serve'], { env: { PORTNER_PATH_ALIASES: alias } })
  expect(status).toBe(2)
  expect(err).toContain('PORTNER_PATH_ALIASES')
  expect(err).toContain(told)
})
