import { sealedSecrets } from '../keys/sealed-secrets.ts'

/** What the gatekeeper and an API prove to each other. */
export const apiSecrets = sealedSecrets('api-secret', 'the API')
