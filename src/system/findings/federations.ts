import { listFederations } from '../../upstream/federation/store.ts'
import { type DatabaseCheck, fail, ok, warn } from './check.ts'

/** How the import of each federation stands. */
export const federations: DatabaseCheck = async (_config, db) => {
  const now = Date.now()
  return (await listFederations(db)).map(({ id, document, providers, importedAt, validUntil, failure }) => {
    if (document.disabled) return ok('federations', `${id} is switched off`)
    const why = failure === undefined ? '' : `: ${failure}`
    if (importedAt === undefined) return failure === undefined ? warn('federations', `${id} has not been imported yet`, 'a running server does that within half a minute') : fail('federations', `${id} could not be imported${why}`, 'check metadata_url (or metadata_file) and signing_certificate')
    if (validUntil !== undefined && validUntil.getTime() <= now) return fail('federations', `the metadata of ${id} ended ${validUntil.toISOString()}, its institutions are switched off${why}`, 'let this server reach the metadata, and ask the operator of the federation')
    if (failure !== undefined) return warn('federations', `the last try to refresh ${id} failed${why}; ${providers} institutions stay until ${validUntil?.toISOString() ?? 'further notice'}`, 'let this server reach the metadata, and ask the operator of the federation')
    return ok('federations', `${id} has ${providers} institutions; its metadata is valid until ${validUntil?.toISOString() ?? 'further notice'}`)
  })
}
