import { setPriority } from 'node:os'
import sharp from 'sharp'

// The child process that makes a stranger's picture small. Decoders are native code and the favourite place of attacks: here one that
// crashes, hangs or eats memory does so alone. Only raster formats that are what they say get as far as a decoder; SVG is a program.

export interface ShrinkTask {
  readonly bytes: Uint8Array
}

/** The small picture, or nothing where none could be made. */
export type ShrinkAnswer = { readonly image: Uint8Array } | { readonly useless: true }

const PIXELS = 64
/** Bytes. */
const LARGEST_IMAGE = 4096
const MOST_PIXELS = 4_000_000
const SECONDS = 5
const QUALITIES = [80, 50, 20] as const

const BEGINNINGS: readonly (readonly [format: string, at: number, bytes: string])[] = [
  ['png', 0, '89504e470d0a1a0a'],
  ['jpeg', 0, 'ffd8ff'],
  ['gif', 0, '47494638'],
  ['webp', 8, '57454250'],
]

try {
  setPriority(10)
} catch {
  // A container may forbid it.
}
sharp.concurrency(1)
sharp.cache(false)
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({ operation: ['VipsForeignLoadPngBuffer', 'VipsForeignLoadJpegBuffer', 'VipsForeignLoadNsgifBuffer', 'VipsForeignLoadWebpBuffer'] })

function formatOf(bytes: Buffer): string | undefined {
  return BEGINNINGS.find(([, at, hex]) => bytes.subarray(at, at + 8).toString('hex').startsWith(hex))?.[0]
}

async function shrink(bytes: Buffer): Promise<ShrinkAnswer> {
  if (formatOf(bytes) === undefined) return { useless: true }
  for (const quality of QUALITIES) {
    const image = await sharp(bytes, { limitInputPixels: MOST_PIXELS, failOn: 'error', pages: 1 })
      .timeout({ seconds: SECONDS })
      .resize(PIXELS, PIXELS, { fit: 'contain', background: { r: 0, g: 0, b: 0, alpha: 0 } })
      .webp({ quality, alphaQuality: quality })
      .toBuffer()
    if (image.length <= LARGEST_IMAGE) return { image }
  }
  return { useless: true }
}

process.once('message', ({ bytes }: ShrinkTask) => {
  void shrink(Buffer.from(bytes))
    .catch((): ShrinkAnswer => ({ useless: true }))
    .then((answer) => process.send?.(answer, () => process.exit(0)))
})
process.on('disconnect', () => process.exit(0))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
