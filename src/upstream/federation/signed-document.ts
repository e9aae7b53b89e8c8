import { createHash, type Hash, type KeyObject } from 'node:crypto'
import { SaxesParser, type SaxesTagNS } from 'saxes'
import { sameDigest } from '../../lib/digest.ts'
import { canonicaliser, type Canonicaliser } from './canonical.ts'
import { MetadataRefused } from './refusal.ts'
import { checkSignature, type CoveredDocument, SIGNATURE_NAMESPACE, type XmlElement } from './signature.ts'

// Owns reading a signed XML document of any size once, in little memory: what is hashed and what is handed on are the same events of the
// same parser, so that nobody can show one document to the signature and another to the reader. The signature must come first (SAML
// metadata §2.3.1) and is checked before anything after it is looked at; that the document is the signed one is known at its end only, so
// whoever listens keeps what it hears to itself until `close` returns.

export interface DocumentListener {
  /** Elements but the signature itself, the document element first. */
  open(tag: SaxesTagNS): void
  text(text: string): void
  close(tag: SaxesTagNS): void
}

export interface SignedDocumentReader {
  /** The next piece, of any length. */
  write(piece: string): void
  /** Throws unless everything that was handed on was signed. */
  close(): void
}

/** Characters without an element beginning or ending: one text, one tag, one comment. */
const LONGEST_PIECE = 1_000_000
const LARGEST_SIGNATURE = 500
const DEEPEST = 64
/** Characters that are hashed at once. */
const HASH_PIECE = 32_768

interface State {
  readonly root: SaxesTagNS
  /** Text between the start of the document element and its signature. */
  before: string
  /** The elements of the signature that are open, while it is read. */
  signature: XmlElement[]
  signatureSize: number
  covered: CoveredDocument | undefined
  canonical: Canonicaliser
  hash: Hash | undefined
  pending: string
}

function isSignature(tag: SaxesTagNS): boolean {
  return tag.uri === SIGNATURE_NAMESPACE && tag.local === 'Signature'
}

function hashed(state: State, text: string): void {
  state.pending += text
  if (state.pending.length < HASH_PIECE) return
  state.hash?.update(state.pending)
  state.pending = ''
}

function countSignature(state: State): void {
  if (++state.signatureSize > LARGEST_SIGNATURE) throw new MetadataRefused('the signature is too large')
}

function collect(state: State, tag: SaxesTagNS): void {
  countSignature(state)
  const element: XmlElement = { tag, children: [] }
  state.signature.at(-1)?.children.push(element)
  state.signature.push(element)
}

// From here on the document is hashed; what came before the signature is made up for.
function beginHash(state: State, signature: XmlElement, keys: readonly KeyObject[]): void {
  const covered = checkSignature(signature, keys, state.root)
  state.covered = covered
  state.canonical = canonicaliser(covered.inclusive)
  state.hash = createHash(covered.hash)
  hashed(state, state.canonical.start(state.root) + state.canonical.text(state.before))
}

function finish(state: State): void {
  const { covered, hash } = state
  if (covered === undefined || hash === undefined) throw new MetadataRefused('there is no signature')
  if (!sameDigest(hash.update(state.pending).digest(), covered.digest)) throw new MetadataRefused('the document is not the one that was signed')
}

function refuseDeclaration({ version, encoding }: { readonly version?: string; readonly encoding?: string }): void {
  if (version !== '1.0') throw new MetadataRefused('the document is not XML 1.0')
  if (encoding !== undefined && encoding.toLowerCase() !== 'utf-8') throw new MetadataRefused('the document is not in UTF-8')
}

/** Reads a document that one of the keys must have signed as a whole. Everything it throws for the document's sake is a MetadataRefused. */
export function readSignedDocument(keys: readonly KeyObject[], listener: DocumentListener): SignedDocumentReader {
  const parser = new SaxesParser({ xmlns: true, position: false })
  let state: State | undefined
  let depth = 0
  let sinceEvent = 0
  let ended = false

  function open(tag: SaxesTagNS): void {
    sinceEvent = 0
    if (++depth > DEEPEST) throw new MetadataRefused('elements are nested too deeply')
    if (state === undefined) {
      state = { root: tag, before: '', signature: [], signatureSize: 0, covered: undefined, canonical: canonicaliser(), hash: undefined, pending: '' }
      listener.open(tag)
      return
    }
    if (tag.attributes['ID'] !== undefined && tag.attributes['ID'].value === state.root.attributes['ID']?.value) throw new MetadataRefused('two elements have the ID of the document element')
    if (state.signature.length > 0 || (depth === 2 && isSignature(tag) && state.covered === undefined)) return collect(state, tag)
    if (state.covered === undefined) throw new MetadataRefused('there is no signature at the beginning of the document')
    if (depth === 2 && isSignature(tag)) throw new MetadataRefused('there are two signatures')
    hashed(state, state.canonical.start(tag))
    listener.open(tag)
  }

  function text(characters: string): void {
    sinceEvent = 0
    if (state === undefined || depth === 0) return
    const signature = state.signature.at(-1)
    if (signature !== undefined) {
      countSignature(state)
      signature.children.push(characters)
    } else if (state.covered === undefined) {
      if (characters.trim() !== '' || state.before.length > LONGEST_PIECE) throw new MetadataRefused('there is no signature at the beginning of the document')
      state.before += characters
    } else {
      hashed(state, state.canonical.text(characters))
      listener.text(characters)
    }
  }

  function close(tag: SaxesTagNS): void {
    sinceEvent = 0
    depth--
    if (state === undefined) return
    const closed = state.signature.pop()
    if (closed !== undefined) {
      if (state.signature.length === 0) beginHash(state, closed, keys)
      return
    }
    hashed(state, state.canonical.end(tag.name))
    listener.close(tag)
  }

  parser.on('xmldecl', refuseDeclaration)
  parser.on('doctype', () => {
    throw new MetadataRefused('the document has a DOCTYPE')
  })
  parser.on('processinginstruction', () => {
    throw new MetadataRefused('the document has a processing instruction')
  })
  parser.on('comment', () => {
    if (state !== undefined && state.signature.length > 0) throw new MetadataRefused('the signature has a comment')
  })
  parser.on('opentag', open)
  parser.on('text', text)
  parser.on('cdata', text)
  parser.on('closetag', close)
  parser.on('end', () => (ended = true))
  parser.on('error', () => {
    throw new MetadataRefused('the document is not well-formed XML')
  })
  return {
    write: (piece) => {
      sinceEvent += piece.length
      parser.write(piece)
      if (sinceEvent > LONGEST_PIECE) throw new MetadataRefused('a part of the document is too long')
    },
    close: () => {
      parser.close()
      if (state === undefined || !ended || depth !== 0) throw new MetadataRefused('the document is not complete')
      finish(state)
    },
  }
}
