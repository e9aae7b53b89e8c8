type Said = Readonly<Record<string, unknown>>

/** `client_name#nb` and `client_name` as one text in several languages (RFC 7591 §2.2), for a registration's schema. */
export function localizedName(said: Said): Said {
  const names = Object.entries(said).filter(([member, value]) => /^client_name(#[A-Za-z-]{2,20})?$/.test(member) && typeof value === 'string' && value !== '')
  const [only] = names
  if (only === undefined) return {}
  if (names.length === 1) return { client_name: only[1] }
  return { client_name: Object.fromEntries(names.map(([member, value]) => [member.split('#')[1]?.toLowerCase() ?? 'en', value])) }
}
