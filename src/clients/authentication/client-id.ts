import { invalidClient } from '../../protocol/error.ts'
import type { PresentedCredentials } from './method.ts'

// What the methods share that send nothing in the request but who the client is.

export function hasIdAlone({ authorization, form }: PresentedCredentials): boolean {
  return authorization === undefined && form.single.has('client_id') && !form.single.has('client_secret') && !form.single.has('client_assertion')
}

export function idOf({ form }: PresentedCredentials): string {
  const clientId = form.single.get('client_id')
  if (clientId === undefined) throw invalidClient('Client authentication is missing')
  return clientId
}
