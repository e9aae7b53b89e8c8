import { randomUUID } from 'node:crypto'
import { type Command as Commander, Option } from 'commander'
import { noteWishes } from '../../apis/requests.ts'
import { hasSecret } from '../../clients/client.ts'
import { applicationTypes, type ClientMetadata, clientMetadataSchema, clientStatuses } from '../../clients/metadata.ts'
import { profileNames } from '../../clients/profiles.ts'
import { addSecret, keptSecret } from '../../clients/secrets.ts'
import { readClient, saveClient } from '../../clients/store.ts'
import { readConfig } from '../../config.ts'
import type { Context } from '../../context.ts'
import { inTransaction } from '../../database/transaction.ts'
import { memberName } from '../../declarations/issues.ts'
import { machineSecretFault } from '../../declarations/secret.ts'
import { drawToken } from '../../lib/opaque-token.ts'
import { readOrganization } from '../../organizations/store.ts'
import { withExamples, withOutputOptions } from '../command.ts'
import { withContext } from '../connect.ts'
import type { Io } from '../io.ts'
import { offered } from '../../endpoints/offered.ts'
import { facts, type OutputOptions, print } from '../output.ts'
import { readSecretFile, withSecretFile } from '../secret-input.ts'
import { Failure, status } from '../status.ts'

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

function readMetadata(options: Options): ClientMetadata & { client_id: string } {
  const client_id = options.id ?? randomUUID()
  const result = clientMetadataSchema(offered).safeParse(
    given({
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
    }),
  )
  if (result.success) return { ...result.data, client_id }
  throw new Failure(result.error.issues.map((issue) => `${memberName(issue.path)}: ${issue.message}`).join('\n'), 'portner client create --help explains the options', status.usage)
}

async function readSecret(io: Io, ctx: Context, options: Options): Promise<string> {
  if (options.secretFile === undefined) return drawToken('cs', ctx.clock.now()).text
  const secret = await readSecretFile(io, options.secretFile)
  const fault = machineSecretFault({ is: 'text', text: secret }, false)
  if (fault !== undefined) throw new Failure(`The secret ${fault}`, undefined, status.usage)
  return secret
}

async function refuseWrong(ctx: Context, metadata: ClientMetadata & { client_id: string }): Promise<void> {
  if ((await readClient(ctx.db, metadata.client_id)) !== undefined) throw new Failure(`There is a client ${metadata.client_id} already`, 'choose another --id, or leave it out')
  const { organization } = metadata
  if (organization !== undefined && (await readOrganization(ctx.db, organization)) === undefined) throw new Failure(`There is no organization ${organization}`, 'see them with: portner export --kind organization')
}

function nextCommand(metadata: ClientMetadata & { client_id: string }): string {
  const service = metadata.grant_types.includes('client_credentials')
  if (service) return `portner perform client-credentials --client ${metadata.client_id} --secret-file -`
  return `portner perform code --client ${metadata.client_id}${hasSecret(metadata) ? ' --secret-file FILE' : ''} --user NAME --password-stdin`
}

async function create(io: Io, options: Options): Promise<number> {
  const config = readConfig(io.env, { demo: false })
  const metadata = readMetadata(options)
  return withContext(config, io, async (ctx) => {
    await refuseWrong(ctx, metadata)
    const secret = !hasSecret(metadata) ? undefined : await readSecret(io, ctx, options)
    await inTransaction(ctx.db, async (trx) => {
      const key = await saveClient(trx, metadata.client_id, metadata, false)
      await noteWishes(trx, { clientKey: key, scope: metadata.scope, organization: metadata.organization, operator: true })
      if (secret !== undefined) await addSecret(trx, key, keptSecret(ctx, key, metadata.token_endpoint_auth_method, secret), 0, ctx.clock.now())
    })
    ctx.audit.record({ event: 'client.changed', clientId: metadata.client_id, change: 'create by command' })
    const discovery = `${config.issuer}/.well-known/openid-configuration`
    const shown = options.secretFile === undefined ? secret : undefined
    print(io, options, {
      json: { ...metadata, ...(shown === undefined ? {} : { client_secret: shown }), discovery_url: discovery },
      ids: [metadata.client_id],
      text: facts([['client_id', metadata.client_id], ...(shown === undefined ? [] : [['client_secret', `${shown}   (shown once)`] as const]), ['discovery', discovery], ['next', nextCommand(metadata)]]),
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
