import { randomUUID } from 'node:crypto'
import { type Command as Commander, Option } from 'commander'
import { hasSecret } from '../../clients/client.ts'
import { applicationTypes, clientStatuses } from '../../clients/metadata.ts'
import { profileNames } from '../../clients/profiles.ts'
import { readConfig } from '../../config.ts'
import type { Context } from '../../context.ts'
import { type Changed, createThing } from '../../declarations/change.ts'
import { readMembers } from '../../declarations/judge.ts'
import type { Document } from '../../declarations/kind.ts'
import { ChangeRefused } from '../../declarations/refused.ts'
import { kindOf } from '../../declarations/thing.ts'
import { withExamples, withOutputOptions } from '../command.ts'
import { withContext } from '../connect.ts'
import type { Io } from '../io.ts'
import { offered } from '../../endpoints/offered.ts'
import { facts, type OutputOptions, print } from '../output.ts'
import { readSecretFile, withSecretFile } from '../secret-input.ts'
import { Failure, status } from '../status.ts'
import { change, changer, rules } from '../changer.ts'

interface Options extends OutputOptions {
  readonly id?: string
  readonly name?: string
  readonly kind: string
  readonly redirectUri?: readonly string[]
  readonly postLogoutRedirectUri?: readonly string[]
  readonly scope?: string
  readonly optionalScope?: readonly string[]
  readonly grant?: readonly string[]
  readonly organization?: string
  readonly status?: string
  readonly profile?: string
  readonly secretFile?: string
}

function given(members: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

const DEFAULT_SCOPE = 'openid profile email'
const HELP = 'portner client create --help explains the options'

function readMetadata(options: Options): Document {
  const client_id = options.id ?? randomUUID()
  const said = given({
    client_id,
    client_name: options.name,
    application_type: options.kind,
    redirect_uris: options.redirectUri,
    post_logout_redirect_uris: options.postLogoutRedirectUri,
    grant_types: options.grant,
    scope: options.scope ?? (options.kind === 'service' ? undefined : DEFAULT_SCOPE),
    optional_scopes: options.optionalScope,
    organization: options.organization,
    status: options.status,
    profile: options.profile,
  })
  return readMembers(kindOf('client'), said, offered)
}

/** Of a client that has secrets: the one of a file, or one to be drawn. */
async function saidSecret(io: Io, { token_endpoint_auth_method: method }: Document, { secretFile }: Options): Promise<Document> {
  if (!hasSecret({ token_endpoint_auth_method: String(method) })) return {}
  return { client_secret: secretFile === undefined ? { generate: true } : await readSecretFile(io, secretFile) }
}

function nextCommand(clientId: string, { grant_types: grants, token_endpoint_auth_method: method }: Document): string {
  if (Array.isArray(grants) && grants.includes('client_credentials')) return `portner perform client-credentials --client ${clientId} --secret-file -`
  return `portner perform code --client ${clientId}${hasSecret({ token_endpoint_auth_method: String(method) }) ? ' --secret-file FILE' : ''} --user NAME --password-stdin`
}

async function make(ctx: Context, document: Document): Promise<Changed> {
  try {
    return await change(() => createThing(ctx, changer, 'client', document, rules), HELP)
  } catch (error) {
    if (error instanceof ChangeRefused && error.refusal === 'exists') throw new Failure(`There is a client ${String(document['client_id'])} already`, 'choose another --id, or leave it out')
    throw error
  }
}

async function create(io: Io, options: Options): Promise<number> {
  const config = readConfig(io.env, { demo: false })
  const metadata = await change(() => readMetadata(options), HELP)
  const secret = await saidSecret(io, metadata, options)
  return withContext(config, io, async (ctx) => {
    const { id, document, secret: shown } = await make(ctx, { ...metadata, ...secret })
    const discovery = `${config.issuer}/.well-known/openid-configuration`
    print(io, options, {
      json: { ...document, ...(shown === undefined ? {} : { client_secret: shown }), discovery_url: discovery },
      ids: [id],
      text: facts([['client_id', id], ...(shown === undefined ? [] : [['client_secret', `${shown}   (shown once)`] as const]), ['discovery', discovery], ['next', nextCommand(id, document)]]),
    })
    return status.ok
  })
}

/** `portner client create`. */
export function registerCreate(group: Commander, io: Io, finish: (status: number) => void): void {
  const command = withSecretFile(withOutputOptions(group.command('create')), 'take the secret from a file instead of drawing one')
    .description('register a client; its secret is printed once')
    .option('--id <client_id>', 'its identifier; drawn when left out')
    .option('--name <name>', 'the name people see')
    .addOption(new Option('--kind <kind>', 'what it is').choices(applicationTypes).default('web'))
    .option('--redirect-uri <uri...>', 'where people return to')
    .option('--post-logout-redirect-uri <uri...>', 'where people return to after logout')
    .option('--scope <scope>', `scopes it may ask for, separated by spaces (default "${DEFAULT_SCOPE}", openid for a service)`)
    .option('--optional-scope <scope...>', 'those of them that a person may untick')
    .addOption(new Option('--grant <grant...>', 'grant types, when others than usual for its kind').choices(offered.grantTypes))
    .option('--organization <id>', 'the organization that owns it')
    .addOption(new Option('--status <status>', 'production unless told otherwise').choices(clientStatuses))
    .addOption(new Option('--profile <profile>', 'how strict it is treated').choices(profileNames))
    .action(async (options: Options) => finish(await create(io, options)))
  withExamples(command, [
    'portner client create --name "My app" --kind web --redirect-uri https://app.example.org/callback',
    'portner client create --name Robot --kind service --scope gk_calendar --json | jq -r .client_secret',
  ])
}
