import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MetadataRefused } from '../../../src/upstream/federation/refusal.ts'
import { readSignedDocument } from '../../../src/upstream/federation/signed-document.ts'
import { createSigner, ENVELOPED, EXCLUSIVE, RSA_SHA256, signDocument, type SigningOptions } from '../../support/signed-metadata.ts'

const signer = createSigner()
const stranger = createSigner()

/** The names of the elements that were handed on; throws as the reader does. */
function read(xml: string, keys: readonly KeyObject[] = [signer.publicKey], piece = 97): readonly string[] {
  const names: string[] = []
  const reader = readSignedDocument(keys, { open: ({ name }) => void names.push(name), text: () => {}, close: () => {} })
  for (let i = 0; i < xml.length; i += piece) reader.write(xml.slice(i, i + piece))
  reader.close()
  return names
}

function refusal(xml: string, keys?: readonly KeyObject[]): string {
  try {
    read(xml, keys)
  } catch (error) {
    if (error instanceof MetadataRefused) return error.message
    throw error
  }
  return 'taken'
}

const DOCUMENT = `<?xml version="1.0" encoding="UTF-8"?>
<!-- from the operator -->
<md:EntitiesDescriptor xmlns:md="urn:md" xmlns:unused="urn:unused" ID="_all" Name="all &amp; &quot;everyone&quot;">
  <md:EntityDescriptor xmlns="urn:default" entityID="https://a.example/?x=1&amp;y=2"><name xml:lang="en">A &lt; B &#13; "C" 😀</name><empty/></md:EntityDescriptor>
  <EntityDescriptor xmlns="urn:md" entityID='https://b.example' z:order="1" a:order="2" xmlns:z="urn:a" xmlns:a="urn:z"><![CDATA[<raw> & ]]]]><![CDATA[>]]><!-- not signed --><inner xmlns=""/></EntityDescriptor>
</md:EntitiesDescriptor>
`

const signed = signDocument(DOCUMENT, signer)

describe('a document that is signed as a whole is taken', () => {
  const P256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  test.each<readonly [string, SigningOptions]>([
    ['by its ID', {}],
    ['by the empty reference', { emptyUri: true }],
    ['with SHA-512', { signatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512', digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha512' }],
    ['with prefixes to be kept', { inclusive: ['unused', 'md'] }],
  ])('%s', (_name, options) => {
    expect(read(signDocument(DOCUMENT, signer, options))).toEqual(['md:EntitiesDescriptor', 'md:EntityDescriptor', 'name', 'empty', 'EntityDescriptor', 'inner'])
  })

  test('by either of two keys, and not by a third', () => {
    expect(refusal(signed, [stranger.publicKey, signer.publicKey])).toBe('taken')
    expect(refusal(signed, [stranger.publicKey, P256.publicKey])).toBe('the signature is not by the declared certificate')
  })

  test('in pieces of one character as in one piece', () => {
    expect(read(signed, [signer.publicKey], 1)).toEqual(read(signed, [signer.publicKey], signed.length))
  })

  test('with lines that end as on another system: that is no difference in XML', () => {
    expect(refusal(signed.replaceAll('\n', '\r\n'))).toBe('taken')
  })
})

describe('nothing else is', () => {
  const SHA1 = 'http://www.w3.org/2000/09/xmldsig#'
  test.each<readonly [string, string, string]>([
    ['no signature', DOCUMENT, 'there is no signature at the beginning of the document'],
    ['another key', signDocument(DOCUMENT, stranger), 'the signature is not by the declared certificate'],
    ['SHA-1 as digest', signDocument(DOCUMENT, signer, { digestAlgorithm: `${SHA1}sha1` }), 'the signature uses a digest that is not SHA-256 or better'],
    ['SHA-1 as signature', signDocument(DOCUMENT, signer, { signatureAlgorithm: `${SHA1}rsa-sha1` }), 'the signature uses an algorithm that is not RSA or ECDSA with SHA-256 or better'],
    ['a signature of one element', signDocument(DOCUMENT.replace('entityID="https://a', 'ID="_a" entityID="https://a'), signer, { reference: '/*/*[1]' }), 'the signature does not cover the whole document'],
    ['a signature that stands last', signDocument(DOCUMENT, signer, { location: { reference: '/*', action: 'append' } }), 'there is no signature at the beginning of the document'],
    ['inclusive canonicalisation', signDocument(DOCUMENT, signer, { transforms: [ENVELOPED, 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315'] }), 'the signature uses another canonicalisation than the exclusive one without comments'],
    ['canonicalisation with comments', signDocument(DOCUMENT, signer, { transforms: [ENVELOPED, `${EXCLUSIVE}WithComments`] }), 'the signature uses another canonicalisation than the exclusive one without comments'],
    ['no transform that takes the signature out', signDocument(DOCUMENT, signer, { transforms: [EXCLUSIVE] }), 'the signature is not made of Transform, Transform'],
    ['a name for the algorithm that is none', signed.replace(RSA_SHA256, 'none'), 'the signature uses an algorithm that is not RSA or ECDSA with SHA-256 or better'],
    ['two signatures', signed.replace('</ds:Signature>', (end) => `${end}${/<ds:Signature[^]*?<\/ds:Signature>/.exec(signed)?.[0] ?? ''}`), 'there are two signatures'],
    ['two references', signed.replace(/<ds:Reference[^]*?<\/ds:Reference>/, (reference) => reference + reference), 'the signature is not made of CanonicalizationMethod, SignatureMethod, Reference'],
    ['two SignedInfo', signed.replace(/<ds:SignedInfo[^]*?<\/ds:SignedInfo>/, (info) => info + info), 'the signature is not made of SignedInfo, SignatureValue'],
    ['a comment in the digest', signed.replace('<ds:DigestValue>', '<ds:DigestValue><!-- -->'), 'the signature has a comment'],
    ['an object in the signature', signed.replace('</ds:Signature>', '<ds:Object><x/></ds:Object></ds:Signature>'), 'the signature is not made of SignedInfo, SignatureValue'],
    ['a DOCTYPE', signed.replace('<!-- from', '<!DOCTYPE x [<!ENTITY e "e">]><!-- from'), 'the document has a DOCTYPE'],
    ['an entity of its own', signed.replace('A &lt;', '&e;'), 'the document is not well-formed XML'],
    ['half of it', signed.slice(0, signed.length / 2), 'the document is not well-formed XML'],
    ['something after the end', `${signed}<more/>`, 'the document is not well-formed XML'],
    ['another encoding', signed.replace('UTF-8', 'ISO-8859-1'), 'the document is not in UTF-8'],
    ['a processing instruction', signed.replace('<!-- from', '<?pi x?><!-- from'), 'the document has a processing instruction'],
    ['the ID of the document twice', signed.replace('entityID="https://a', 'ID="_all" entityID="https://a'), 'two elements have the ID of the document element'],
    ['a text without end', signed.replace('A &lt;', 'x'.repeat(1_500_000)), 'a part of the document is too long'],
    ['elements without end', signed.replace('<empty/>', '<e>'.repeat(100)), 'elements are nested too deeply'],
    ['nothing', '', 'the document is not well-formed XML'],
  ])('%s', (_name, xml, reason) => {
    expect(refusal(xml)).toBe(reason)
  })

  test('the signed document within another one (wrapping)', () => {
    const signature = /<ds:Signature[^]*<\/ds:Signature>/.exec(signed)?.[0] ?? ''
    const inner = signed.slice(signed.indexOf('<md:Entities')).trim()
    const evil = '<md:EntityDescriptor entityID="https://evil.example"/>'
    const wrapped = [
      `<md:EntitiesDescriptor xmlns:md="urn:md" ID="_all">${signature}${evil}${inner.replace(signature, '')}</md:EntitiesDescriptor>`,
      `<md:EntitiesDescriptor xmlns:md="urn:md" ID="_evil">${signature}${evil}${inner.replace(signature, '')}</md:EntitiesDescriptor>`,
      `<md:EntitiesDescriptor xmlns:md="urn:md" ID="_evil">${evil}${inner}</md:EntitiesDescriptor>`,
      `<md:EntitiesDescriptor xmlns:md="urn:md">${signature}${evil}</md:EntitiesDescriptor>`,
    ]
    for (const xml of wrapped) expect(refusal(xml)).not.toBe('taken')
  })

  test('one changed character anywhere, but in comments and white space between attributes', () => {
    // Without the prefix that nobody uses: it is not signed, for it says nothing.
    const signed = signDocument(DOCUMENT.replace(' xmlns:unused="urn:unused"', ''), signer)
    const start = signed.indexOf('<md:Entities')
    fc.assert(
      fc.property(fc.integer({ min: start, max: signed.length - 2 }), fc.constantFrom('a', 'x', '<', '>', '&', '"', '1', '/', ' '), (at, sign) => {
        const changed = signed.slice(0, at) + sign + signed.slice(at + 1)
        // The last letter of base64 has bits that nobody reads.
        const decoded = (text: string): string => text.replace(/(SignatureValue>)([A-Za-z0-9+/=\s]*)(<)/, (_all, before: string, value: string, after: string) => before + Buffer.from(value, 'base64').toString('hex') + after)
        const significant = (text: string): string => decoded(text).replaceAll(/<!--[^]*?-->/g, '').replaceAll(/\s+(?=[/>])/g, '')
        fc.pre(significant(changed) !== significant(signed))
        return refusal(changed) !== 'taken'
      }),
      { numRuns: 400 },
    )
  })
})

test('documents of any shape are canonical as an independent signer has it', () => {
  const prefix = fc.constantFrom('', 'a', 'b', 'c')
  const uri = fc.constantFrom('urn:1', 'urn:2', 'urn:3')
  const value = fc.string({ unit: fc.constantFrom('x', ' ', '"', "'", '<', '>', '&', '\n', '\t', '\r', 'é', '大', '😀'), maxLength: 6 })
  const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll('\n', '&#10;').replaceAll('\t', '&#9;').replaceAll('\r', '&#13;')
  const { element } = fc.letrec<{ element: string; content: string }>((tie) => ({
    content: fc.oneof({ depthSize: 'small' }, value.map(escape), tie('element')),
    element: fc
      .record({ prefix, declarations: fc.dictionary(prefix, uri, { maxKeys: 3 }), attributes: fc.dictionary(fc.constantFrom('id', 'z', 'a:n', 'b:n', 'c:m', 'xml:lang'), value, { maxKeys: 4 }), content: fc.array(tie('content'), { maxLength: 3 }) })
      .map(({ prefix: own, declarations, attributes, content }) => {
        const names = [own, ...Object.keys(attributes).map((name) => name.split(':')[0] ?? '').filter((name, i) => Object.keys(attributes)[i]?.includes(':') === true && name !== 'xml')]
        const all: Record<string, string> = { ...declarations }
        // A prefix must be declared; the same URI for two would make two attributes the same.
        for (const name of names) if (name !== '') all[name] = `urn:${name}`
        for (const name of ['a', 'b', 'c']) if (all[name] !== undefined) all[name] = `urn:${name}${(declarations[name] ?? '').slice(-1)}`
        const declared = Object.entries(all).map(([name, to]) => (name === '' ? ` xmlns="${to}"` : ` xmlns:${name}="${to}"`))
        const written = Object.entries(attributes).map(([name, to]) => ` ${name}="${escape(to)}"`)
        const tag = own === '' ? 'e' : `${own}:e`
        return `<${tag}${[...written, ...declared].join('')}>${content.join('')}</${tag}>`
      }),
  }))
  fc.assert(
    fc.property(fc.array(element, { maxLength: 4 }), fc.subarray(['a', 'b', 'md']), (children, inclusive) => {
      const xml = `<md:root xmlns:md="urn:md" xmlns:b="urn:outer" ID="_r">\n${children.join('')}</md:root>`
      expect(refusal(signDocument(xml, signer, { inclusive }))).toBe('taken')
    }),
    { numRuns: 150 },
  )
})
