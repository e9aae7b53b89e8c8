import { readConfig } from '../../config.ts'
import type { Io } from '../io.ts'
import { type OutputOptions, print } from '../output.ts'
import { readSecretFile } from '../secret-input.ts'
import { status } from '../status.ts'
import { basic, openWire, readObject, textOf, tokenAnswer } from './wire.ts'

export interface ClientCredentialsOptions extends OutputOptions {
  readonly client: string
  readonly secretFile: string
  readonly scope?: string
  readonly resource?: string
}

/** Gets a token for a machine over HTTP, as a client would (RFC 6749 §4.4). */
export async function performClientCredentials(io: Io, options: ClientCredentialsOptions): Promise<number> {
  const { issuer } = readConfig(io.env, { demo: false })
  const secret = await readSecretFile(io, options.secretFile)
  const wire = openWire(io, options.quiet !== true && options.json !== true)
  const metadata = readObject(await wire.send('GET', `${issuer}/.well-known/openid-configuration`, { quietBody: true }), 'The metadata')
  const form = new URLSearchParams({ grant_type: 'client_credentials' })
  if (options.scope !== undefined) form.set('scope', options.scope)
  if (options.resource !== undefined) form.set('resource', options.resource)
  const answer = tokenAnswer(await wire.send('POST', textOf(metadata, 'token_endpoint', 'The metadata'), { form, headers: { authorization: basic(options.client, secret) }, quietBody: true }))
  print(io, options, { json: answer, ids: [textOf(answer, 'access_token', 'The answer')], text: JSON.stringify(answer, null, 2) })
  return status.ok
}
