import { constants, createDecipheriv, privateDecrypt } from 'node:crypto'
import { childrenOf, everyElement, type XmlElement } from '../lib/xml.ts'
import type { SamlKey } from './saml-keys.ts'
import { XMLENC } from './saml-names.ts'

// Opens an encrypted assertion to look at it before anybody parses it (XML Encryption 1.1): the library that verifies opens it once more,
// and would take a document type, or algorithms that we refuse, for what they are.

interface Cipher {
  readonly name: 'aes-128-gcm' | 'aes-256-gcm' | 'aes-128-cbc' | 'aes-256-cbc'
  readonly keyBytes: number
}

/** What is accepted, by name. CBC because half of the institutions have nothing else; what it hides is signed. */
export const DATA_ENCRYPTION: ReadonlyMap<string, Cipher> = new Map([
  ['http://www.w3.org/2009/xmlenc11#aes256-gcm', { name: 'aes-256-gcm', keyBytes: 32 }],
  ['http://www.w3.org/2009/xmlenc11#aes128-gcm', { name: 'aes-128-gcm', keyBytes: 16 }],
  [`${XMLENC}aes256-cbc`, { name: 'aes-256-cbc', keyBytes: 32 }],
  [`${XMLENC}aes128-cbc`, { name: 'aes-128-cbc', keyBytes: 16 }],
])
export const KEY_ENCRYPTION = `${XMLENC}rsa-oaep-mgf1p`

const GCM_NONCE = 12
const GCM_TAG = 16
const CBC_BLOCK = 16

function cipherValue(element: XmlElement): Buffer {
  const values = childrenOf(element, XMLENC, 'CipherData').flatMap((data) => childrenOf(data, XMLENC, 'CipherValue'))
  return Buffer.from(values.length === 1 ? (values[0]?.text ?? '') : '', 'base64')
}

function openGcm(name: 'aes-128-gcm' | 'aes-256-gcm', key: Buffer, data: Buffer): Buffer {
  const decipher = createDecipheriv(name, key, data.subarray(0, GCM_NONCE), { authTagLength: GCM_TAG })
  decipher.setAuthTag(data.subarray(-GCM_TAG))
  return Buffer.concat([decipher.update(data.subarray(GCM_NONCE, -GCM_TAG)), decipher.final()])
}

// The last byte says how much padding there is; the rest of the padding may be anything (XML Encryption §5.2).
function openCbc(name: 'aes-128-cbc' | 'aes-256-cbc', key: Buffer, data: Buffer): Buffer {
  const decipher = createDecipheriv(name, key, data.subarray(0, CBC_BLOCK)).setAutoPadding(false)
  const plain = Buffer.concat([decipher.update(data.subarray(CBC_BLOCK)), decipher.final()])
  const padding = plain.at(-1) ?? 0
  return padding >= 1 && padding <= CBC_BLOCK ? plain.subarray(0, -padding) : Buffer.alloc(0)
}

/** The text inside the one EncryptedData below an element, or nothing when this key does not open it. */
export function decryptElement(element: XmlElement, { privateKey }: SamlKey): string | undefined {
  const all = [...everyElement(element)]
  const [data] = all.filter(({ uri, local }) => uri === XMLENC && local === 'EncryptedData')
  const [wrapped] = all.filter(({ uri, local }) => uri === XMLENC && local === 'EncryptedKey')
  const method = data === undefined ? undefined : childrenOf(data, XMLENC, 'EncryptionMethod')[0]
  const cipher = DATA_ENCRYPTION.get(method?.attributes.get('Algorithm') ?? '')
  if (data === undefined || wrapped === undefined || cipher === undefined) return undefined
  try {
    const key = privateDecrypt({ key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, cipherValue(wrapped))
    if (key.length !== cipher.keyBytes) return undefined
    const content = cipherValue(data)
    const plain = cipher.name === 'aes-128-gcm' || cipher.name === 'aes-256-gcm' ? openGcm(cipher.name, key, content) : openCbc(cipher.name, key, content)
    return new TextDecoder('utf-8', { fatal: true }).decode(plain)
  } catch {
    return undefined
  }
}
