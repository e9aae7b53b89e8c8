import { CALLBACK } from '../../support/world.ts'
import { open, type Story, story } from './story.ts'

// Redirect URIs: each way in which one differs from the nearest that is registered.

const about = (uri: string): Story['send'] => (place) => open(place, { redirect_uri: uri })

export const addresses: readonly Story[] = [
  story('redirect_uri.mismatch', 'http for https', 400, about('http://planner.example.org/callback'), { hints: ['difference_scheme'], pair: ['redirect_uri', 'http://planner.example.org/callback', CALLBACK] }),
  story('redirect_uri.mismatch', 'another host', 400, about('https://planer.example.org/callback'), { hints: ['difference_host'] }),
  story('redirect_uri.mismatch', 'another port', 400, about('https://planner.example.org:8443/callback'), { hints: ['difference_port'] }),
  story('redirect_uri.mismatch', 'capitals in the path', 400, about('https://planner.example.org/Callback'), { hints: ['difference_path_case'] }),
  story('redirect_uri.mismatch', 'an encoded letter', 400, about('https://planner.example.org/call%62ack'), { hints: ['difference_encoding'] }),
  story('redirect_uri.mismatch', 'a query', 400, about(`${CALLBACK}?x=1`), { hints: ['difference_query'] }),
  story('redirect_uri.mismatch', 'a fragment', 400, about(`${CALLBACK}#x`), { hints: ['difference_fragment'] }),
  story('redirect_uri.mismatch', 'localhost for 127.0.0.1', 400, about('http://localhost/callback'), { hints: ['difference_localhost'] }),
  story('redirect_uri.missing', 'none, of two registered', 400, (place) => open(place, { redirect_uri: undefined }), { pair: ['redirect_uri', undefined, `${CALLBACK} http://127.0.0.1/callback`] }),
]
