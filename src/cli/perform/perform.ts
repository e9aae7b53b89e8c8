import type { Command as Commander } from 'commander'
import { type Command, withExamples, withOutputOptions } from '../command.ts'
import type { Io } from '../io.ts'
import { withPassword } from '../secret-input.ts'
import { type ClientCredentialsOptions, performClientCredentials } from './client-credentials.ts'
import { type CodeOptions, performCode } from './code.ts'

function register(parent: Commander, io: Io, finish: (status: number) => void): void {
  const group = parent.command('perform').description('do what a client does, over HTTP, showing each request; --quiet prints the access token only')
  withExamples(
    withOutputOptions(group.command('client-credentials'))
      .description('get a token for a machine')
      .requiredOption('--client <client_id>', 'the client')
      .requiredOption('--secret-file <file>', 'file with its secret; - is standard input')
      .option('--scope <scope>', 'scopes, separated by spaces')
      .option('--resource <uri>', 'the API the token is for (RFC 8707)')
      .action(async (options: ClientCredentialsOptions) => finish(await performClientCredentials(io, options))),
    ['printf demo-secret | portner perform client-credentials --client demo-service --secret-file -'],
  )
  withExamples(
    withPassword(withOutputOptions(group.command('code')))
      .description('sign a person in over the real pages and trade the code; without --user print the address to open')
      .requiredOption('--client <client_id>', 'the client')
      .option('--secret-file <file>', 'file with its secret, unless it is a public client')
      .option('--user <name>', 'who signs in')
      .option('--provider <id>', 'where, when several are offered')
      .option('--redirect-uri <uri>', 'one of those registered; the first when left out')
      .option('--scope <scope>', 'scopes, separated by spaces', 'openid profile email')
      .action(async (options: CodeOptions) => finish(await performCode(io, options))),
    ['printf demo-ada | portner perform code --client demo-web --secret-file secret --user ada --provider ntu --password-stdin'],
  )
}

export const performCommand: Command = { name: 'perform', register }
