import type { Config } from '../../config.ts'
import { clientAuthenticationMethods } from './index.ts'

/** The names of the methods that this configuration offers. */
export function offeredMethods(config: Config): readonly string[] {
  return clientAuthenticationMethods.filter((method) => method.isOffered?.(config) ?? true).map(({ name }) => name)
}
