const OWN = /^\/(?:account|dashboard|admin)(?:\/[A-Za-z0-9._~-]+)*(?:\?[A-Za-z0-9._~%&=+-]*)?$/
const LONGEST = 1000
const NOT_PAGES = ['/account/sign-in', '/account/signed-in', '/account/switch']

/** An address to come back to after a sign-in: one of the pages that people sign in to here, or the first of their account. Nothing that names another host passes. */
export function returnAddress(address: string | undefined): string {
  if (address === undefined || address.length > LONGEST || !OWN.test(address)) return '/account'
  const path = address.split('?', 1)[0] ?? ''
  return path.split('/').includes('..') || NOT_PAGES.includes(path) ? '/account' : address
}
