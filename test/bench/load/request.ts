// Ready-made HTTP/1.1 requests.

const HOST = 'Host: 127.0.0.1'

export function basic(clientId: string, secret: string): string {
  return `Authorization: Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`
}

export function get(path: string, ...headers: readonly string[]): string {
  return [`GET ${path} HTTP/1.1`, HOST, 'Accept: application/json', ...headers, '', ''].join('\r\n')
}

export function post(path: string, parameters: Readonly<Record<string, string>>, ...headers: readonly string[]): string {
  const body = new URLSearchParams(parameters).toString()
  return [`POST ${path} HTTP/1.1`, HOST, 'Accept: application/json', 'Content-Type: application/x-www-form-urlencoded', `Content-Length: ${body.length}`, ...headers, '', body].join('\r\n')
}
