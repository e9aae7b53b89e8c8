import type { Hint, Trace } from '../../protocol/trace.ts'
import type { Client } from '../client.ts'
import { isSecretOf } from './secret.ts'

// Owns what a wrong secret looks like. Asked after the answer has left: an answer that took longer would tell which ids exist.

function decodedOnce(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

/** `raw`: as it stood in the header, where that was decoded. */
function shapeOf(client: Client, sent: string, raw: string | undefined): Hint {
  const fits = (text: string): boolean => text !== sent && isSecretOf(client, text)
  if (sent === '') return { name: 'secret_empty' }
  if (raw !== undefined && fits(raw)) return { name: 'secret_not_encoded' }
  if (fits(decodedOnce(sent))) return { name: 'secret_encoded_twice' }
  if (fits(sent.trim())) return { name: 'secret_whitespace' }
  if (fits(sent.trim().replaceAll(/^["']|["']$/g, ''))) return { name: 'secret_quotes' }
  return { name: 'secret_length', values: { sent: sent.length } }
}

/** A secret that is none of the client's live ones; it is kept as a keyed hash. */
export function wrongSecret(client: Client, sent: string, raw?: string): Trace {
  return { cause: 'client_auth.secret', compared: [{ name: 'client_secret', sent, secret: true }], later: async () => ({ hints: [shapeOf(client, sent, raw)] }) }
}
