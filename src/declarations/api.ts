import { type Api, apiSchema } from '../apis/api.ts'
import { apiSecrets } from '../apis/api-secrets.ts'
import { gatekeeperSecretFault } from '../apis/gatekept.ts'
import { removeApi } from '../apis/remove-api.ts'
import { findApiRow, listApis, saveApi } from '../apis/store.ts'
import type { Document, Kind, Saving, SecretRules } from './kind.ts'

const SECRET = 'gatekeeper_secret'

function authType({ upstream_auth }: Document): unknown {
  return typeof upstream_auth === 'object' && upstream_auth !== null && 'type' in upstream_auth ? upstream_auth.type : undefined
}

const secret: SecretRules = {
  member: () => SECRET,
  fault: (declared, _demo, members) => {
    if (declared.is !== 'text') return 'is sent as it is: it must be one of { value: … }, { from_env: … } or { from_file: … }'
    return gatekeeperSecretFault(declared.text, authType(members))
  },
  isCurrent: (ctx, current, declared) => current.secret !== undefined && declared.is === 'text' && apiSecrets.is(ctx, current.id, Buffer.from(current.secret, 'base64'), declared.text),
  ready: (_ctx, declared) => Promise.resolve({ source: declared, text: undefined, stored: declared.is === 'text' ? declared.text : '' }),
  omission: (document) => (document['upstream_auth'] === undefined ? undefined : `${SECRET} is never exported: add it`),
}

/** A secret is for the address and the way that it was given for: who changes those must say it again. */
function isMoved(document: Api, current: Document | undefined): boolean {
  return current !== undefined && (document.upstream !== current['upstream'] || document.upstream_auth?.type !== authType(current))
}

/** A file vouches for the address that it names, which may be in the own network. One that anybody else puts in its place has only their word. */
function isVouchedFor({ document, declared, current, operator }: Saving<Api>): boolean {
  return declared && (operator || document.upstream === undefined || document.upstream === current?.document['upstream'])
}

async function save(saving: Saving<Api>): Promise<void> {
  const { ctx, trx, document, current, secret: declared, saysSecret, operator } = saving
  const dropped = isMoved(document, current?.document) && !saysSecret ? null : undefined
  const isHeld = document.disabled === true && (operator || current?.isHeld === true)
  await saveApi(trx, document, { declared: isVouchedFor(saving), isHeld, sealedSecret: declared === undefined ? dropped : apiSecrets.seal(ctx, document.api_id, declared.stored) })
}

export const api: Kind<Api> = {
  kind: 'api',
  members: Object.keys(apiSchema.shape),
  secret,
  schema: () => apiSchema,
  identity: (document) => document.api_id,
  references: ({ organization }) => (organization === undefined ? [] : [{ path: ['organization'], kind: 'organization', id: organization }]),
  unique: ({ audience }) => (audience === undefined ? [] : [{ path: ['audience'], value: `the audience ${audience}` }]),
  list: listApis,
  find: findApiRow,
  names: ['organization'],
  owner: ({ organization }) => ({ organization }),
  // What an operator switched off stays off.
  trusted: ({ disabled }, before) => (before?.isHeld === true && disabled !== true ? ['disabled'] : []),
  save,
  remove: (trx, current) => removeApi(trx, current.id),
}
