import { refuseOtherMethods } from '../http/methods.ts'
import { OAuthError } from '../protocol/error.ts'
import { findLogoImage } from '../upstream/federation/logo-store.ts'
import type { Endpoint } from './endpoint.ts'

const PATH = '/logos/:file'
const FILE = /^([0-9a-f]{32})\.webp$/

/** The small logos of institutions, for ever at an address that is named by their content (RFC 8246). */
export const logo: Endpoint = {
  name: 'logo',
  answers: 'machines',
  register: (app, ctx) => {
    app.get<{ Params: { file: string } }>(PATH, async (request, reply) => {
      const hash = FILE.exec(request.params.file)?.[1]
      const image = hash === undefined ? undefined : await findLogoImage(ctx.db, hash)
      if (image === undefined) throw new OAuthError('not_found', 'There is nothing here', { status: 404 })
      return reply.header('cache-control', 'public, max-age=31536000, immutable').type('image/webp').send(image)
    })
    refuseOtherMethods(app, PATH, ['GET'])
  },
  metadata: () => ({}),
}
