// The little of node-oidc-provider that the benchmark uses; the package has no types of its own.
declare module 'oidc-provider' {
  import type { Server } from 'node:http'

  interface Saved {
    save(): Promise<string>
  }
  interface Grant extends Saved {
    addOIDCScope(scope: string): void
  }
  interface Client {
    readonly clientId: string
  }
  export class Provider {
    constructor(issuer: string, configuration: object)
    readonly Client: { find(id: string): Promise<Client> }
    readonly Grant: new (properties: object) => Grant
    readonly AccessToken: new (properties: object) => Saved
    readonly RefreshToken: new (properties: object) => Saved
    readonly AuthorizationCode: new (properties: object) => Saved
    listen(port: number, host: string, listening: () => void): Server
  }
}
