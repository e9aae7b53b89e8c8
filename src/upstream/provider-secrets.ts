import { sealedSecrets } from '../keys/sealed-secrets.ts'

/** What we prove ourselves with to a provider. */
export const providerSecrets = sealedSecrets('provider-settings', 'the provider')
