import { authorizationUrl } from '../authorization-url.ts'
import { DEMO_HTTP_CALLBACK, demoHttp } from '../demo-clients.ts'
import { drawSecrets } from '../walk.ts'
import type { Lesson } from './lesson.ts'

export const plainHttp: Lesson = {
  id: 'plain-http',
  title: 'An application without encryption',
  about: 'The client demo-http returns to a plain http address, which only applications in development may have. Every person sees a warning before anything is sent there. The application itself does not exist: after Continue the browser will find nobody at dev.planner.example. Come back here with the Back button, or refuse.',
  label: 'Sign in to the http application',
  titles: [],
  teaches: '',
  start: async (walk) => ({ walk, goTo: authorizationUrl(walk, demoHttp.clientId, drawSecrets(), { redirect_uri: DEMO_HTTP_CALLBACK, scope: 'openid profile email' }, { ...walk.choices, prompt: '' }) }),
}
