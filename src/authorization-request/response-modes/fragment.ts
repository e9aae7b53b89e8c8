import { encode, type ResponseMode } from './mode.ts'

/** Parameters in the fragment, which the browser does not send to the client's server. */
export const fragment: ResponseMode = {
  name: 'fragment',
  depart: (redirectUri, parameters) => ({ kind: 'address', url: `${redirectUri}#${encode(parameters)}` }),
}
