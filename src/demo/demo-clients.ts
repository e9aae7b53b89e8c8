import type { Credentials } from './exchange.ts'

// The clients of the demo's documents, as their own back ends know them.

const SECRET = 'demo-secret'

export const demoWeb: Credentials = { clientId: 'demo-web', secret: SECRET }
export const demoService: Credentials = { clientId: 'demo-service', secret: SECRET }
export const demoHttp: Credentials = { clientId: 'demo-http', secret: SECRET }

export const DEMO_HTTP_CALLBACK = 'http://dev.planner.example/callback'

/** Where `demo-web` gets its answers. */
export function callbackAddress(issuer: string): string {
  return `${issuer}/demo/callback`
}
