import type { Incompleteness } from './connector.ts'
import type { SamlEntityFacts } from './saml-entities.ts'

/**
 * Where an institution helps people about whom it said too little: its errorURL with the placeholders filled in (REFEDS errorURL v1, code
 * IDENTIFICATION_FAILURE), else its support address. Nothing about the person is in it.
 */
export function samlHelpAddress({ error_url, support_url }: SamlEntityFacts, us: string, { missing, reference, at }: Incompleteness): string | undefined {
  if (error_url === undefined) return support_url
  const values: Readonly<Record<string, string>> = {
    ERRORURL_CODE: 'IDENTIFICATION_FAILURE',
    ERRORURL_TS: String(at),
    ERRORURL_RP: us,
    ERRORURL_TID: reference,
    ERRORURL_CTX: missing.join(' '),
  }
  return error_url.replaceAll(/ERRORURL_(?:CODE|TS|RP|TID|CTX)/g, (placeholder) => encodeURIComponent(values[placeholder] ?? ''))
}
