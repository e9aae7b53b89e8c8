import type { IncomingMessage } from 'node:http'

/** How a request says where its body ends, for the diagnosis. */
export function framingText({ headers }: IncomingMessage): string {
  const { 'transfer-encoding': coding, 'content-length': length } = headers
  return [length, coding].filter((one) => one !== undefined).join(' / ')
}

/**
 * Whether it is unclear where the body of a request ends, or whether it has one: a coding that is not simply chunked, both ways to say the
 * length, a body where others expect none. Two readers of such a request see two different ones behind it (request smuggling).
 */
export function isUnframed({ method = '', headers }: IncomingMessage): boolean {
  const { 'transfer-encoding': coding, 'content-length': length } = headers
  if (coding !== undefined && (coding.toLowerCase() !== 'chunked' || length !== undefined)) return true
  const hasBody = coding !== undefined || (length !== undefined && length !== '0')
  return hasBody && (method === 'GET' || method === 'HEAD' || method === 'OPTIONS')
}
