/** The client that the account pages sign people in through. */
export const ACCOUNT_CLIENT = 'portner-account'

/** Clients that are parts of this server. It keeps them itself; nobody registers, exports, changes or removes one. */
export const ownClients: readonly string[] = [ACCOUNT_CLIENT]

export function isOwnClient(clientId: string): boolean {
  return ownClients.includes(clientId)
}
