/**
 * Static files of the pages: read once, named by their content, compressed once.
 * Owns `/assets/…` and where the `views` folder is. Does not own templates (`pages.ts`) or texts (`messages.ts`).
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

interface Asset {
  readonly path: string
  readonly type: string
  readonly encodings: Readonly<Record<'br' | 'gzip' | 'identity', Buffer>>
}

const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** The folder of templates, texts and static files, with a closing slash: the same for the sources and for `dist`. */
export const viewsFolder: string = findViewsFolder()

const assets: ReadonlyMap<string, Asset> = readAssets()
const assetsByPath: ReadonlyMap<string, Asset> = new Map([...assets.values()].map((asset) => [asset.path, asset]))

/** The address of a static file, with its content hash. Throws for a file that does not exist: a fault of a template. */
export function assetPath(name: string): string {
  const asset = assets.get(name)
  if (asset === undefined) throw new Error(`no such asset: ${name}`)
  return asset.path
}

/** Serves `/assets/<name>.<hash>.<ext>` for ever (RFC 8246); any other name is the application's own "not found". */
export function registerAssets(app: FastifyInstance): void {
  app.get('/assets/:file', (request, reply) => {
    const asset = assetsByPath.get(request.url.split('?', 1)[0] ?? '')
    return asset === undefined ? reply.callNotFound() : sendAsset(request, reply, asset)
  })
}

function sendAsset(request: FastifyRequest, reply: FastifyReply, asset: Asset): FastifyReply {
  const encoding = bestEncoding(request.headers['accept-encoding'])
  reply.header('content-type', asset.type)
  reply.header('cache-control', 'public, max-age=31536000, immutable')
  reply.header('vary', 'accept-encoding')
  if (encoding !== 'identity') reply.header('content-encoding', encoding)
  return reply.send(asset.encodings[encoding])
}

function bestEncoding(header: string | string[] | undefined): 'br' | 'gzip' | 'identity' {
  const accepted = String(header ?? '')
    .split(',')
    .map((part) => part.trim().toLowerCase())
    .filter((part) => !/;\s*q=0(\.0*)?$/.test(part))
    .map((part) => part.split(';', 1)[0])
  if (accepted.includes('br')) return 'br'
  return accepted.includes('gzip') ? 'gzip' : 'identity'
}

function readAssets(): Map<string, Asset> {
  const folder = `${viewsFolder}assets/`
  return new Map(readdirSync(folder).map((name) => [name, readAsset(name, slim(readFileSync(folder + name, 'utf8')))]))
}

/** Without lines that are only a comment, and without indentation: our own files have neither in a text. */
function slim(text: string): Buffer {
  return Buffer.from(text.replaceAll(/^[ \t]*(\/\/.*)?\n/gm, '').replaceAll(/^[ \t]+/gm, ''))
}

function readAsset(name: string, content: Buffer): Asset {
  const extension = extname(name)
  const type = contentTypes[extension]
  if (type === undefined) throw new Error(`views/assets/${name}: no content type is known for ${extension}`)
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12)
  return {
    path: `/assets/${name.slice(0, -extension.length)}.${hash}${extension}`,
    type,
    encodings: { br: brotliCompressSync(content), gzip: gzipSync(content, { level: 9 }), identity: content },
  }
}

function findViewsFolder(): string {
  for (const relative of ['../../views/', '../../../views/']) {
    const folder = fileURLToPath(new URL(relative, import.meta.url))
    if (existsSync(`${folder}layout.eta`)) return folder
  }
  throw new Error('the views folder is missing: it belongs beside package.json')
}
