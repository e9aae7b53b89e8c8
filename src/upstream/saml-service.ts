import { z } from 'zod'
import type { Context } from '../context.ts'
import { canParseUrl } from '../lib/can-parse-url.ts'
import { claimTargets } from './mapping.ts'
import { providerId, providerMembers } from './provider.ts'

// Owns what a declaration of a SAML provider says, and what we are called there: one service with its own entity id a provider, or one for a
// whole federation, whose members all know us by the same metadata.

const METADATA_PATH = '/saml/metadata'

/** What a person can be required to have, in words that the page has sentences for. */
export const REQUIRABLE = ['name', 'given_name', 'family_name', 'email', 'preferred_username', 'groups'] as const

const metadataUrl = z.string().max(2000).superRefine((text, context) => {
  const url = canParseUrl(text) ? new URL(text) : undefined
  const local = url !== undefined && (url.hostname === '127.0.0.1' || url.hostname === 'localhost')
  if (url === undefined || (url.protocol !== 'https:' && !(url.protocol === 'http:' && local)) || url.username !== '') context.addIssue({ code: 'custom', message: 'must be an https URL without a user name' })
})

/** What a sign-in asks the document: also one that a federation's import made, which has no source of its own. */
const settings = {
  /** Who the person is: a persistent NameID, or an attribute by name or by OID. */
  subject: z.string().min(1).max(200).default('persistent'),
  claims_mapping: z.record(z.string().min(1).max(200), z.enum(claimTargets)).default({}),
  /** Without these nobody is signed in. */
  required: z.array(z.enum(REQUIRABLE)).max(REQUIRABLE.length).default([]),
}

/** A declaration: its metadata come from an address or from a file. */
export const samlSchema = z
  .strictObject({
    provider_id: providerId,
    protocol: z.literal('saml'),
    ...providerMembers,
    metadata_url: metadataUrl.optional(),
    metadata_file: z.string().min(1).max(4000).optional(),
    /** Which entity of the metadata, where there are several. */
    entity_id: z.string().min(1).max(1024).optional(),
    ...settings,
  })
  .superRefine(({ metadata_url: url, metadata_file: file }, context) => {
    if ((url === undefined) === (file === undefined)) context.addIssue({ code: 'custom', path: [url === undefined ? 'metadata_url' : 'metadata_file'], message: url === undefined ? 'is missing, and so is metadata_file' : 'and metadata_url: one of them' })
  })
/** A provider as it was declared. */
export type DeclaredSaml = z.output<typeof samlSchema>

/** `federation`: whose import made the document; its members know us as one service. */
export const samlSettings = z.object({ provider_id: providerId, federation: providerId.optional(), ...settings })
export type SamlSettings = z.output<typeof samlSettings>

/** The name under which we are known there: in our entity id and in the address of our assertion consumer service. */
export function serviceOf({ federation, provider_id }: Pick<SamlSettings, 'federation' | 'provider_id'>): string {
  return federation ?? provider_id
}

/** Our entity id; also where our metadata is. */
export function entityIdOf(ctx: Context, service: string): string {
  return `${ctx.config.issuer}${METADATA_PATH}/${service}`
}
