import type { Migration } from 'kysely'
import * as m0001 from './0001-clock.ts'
import * as m0002 from './0002-cache-versions.ts'
import * as m0003 from './0003-organizations.ts'
import * as m0004 from './0004-clients.ts'
import * as m0005 from './0005-apis.ts'
import * as m0006 from './0006-users.ts'
import * as m0007 from './0007-signing-keys.ts'
import * as m0008 from './0008-sessions.ts'
import * as m0009 from './0009-providers.ts'
import * as m0010 from './0010-interactions.ts'
import * as m0011 from './0011-tokens.ts'
import * as m0012 from './0012-audit-events.ts'
import * as m0013 from './0013-leases.ts'
import * as m0014 from './0014-attempts.ts'
import * as m0015 from './0015-demo.ts'
import * as m0016 from './0016-identities.ts'
import * as m0017 from './0017-saml.ts'
import * as m0018 from './0018-federations.ts'
import * as m0019 from './0019-upstream-authority.ts'
import * as m0020 from './0020-provider-search.ts'
import * as m0021 from './0021-second-factors.ts'
import * as m0022 from './0022-account.ts'
import * as m0023 from './0023-mail.ts'
import * as m0024 from './0024-linking.ts'
import * as m0030 from './0030-strong-clients.ts'
import * as m0031 from './0031-registration.ts'
import * as m0032 from './0032-logout.ts'
import * as m0033 from './0033-decoupled.ts'
import * as m0034 from './0034-exchange.ts'
import * as m0036 from './0036-pairwise-salt.ts'
import * as m0037 from './0037-trusted-issuers.ts'
import * as m0038 from './0038-requests.ts'
import * as m0040 from './0040-authorization-details.ts'
import * as m0041 from './0041-consent-objects.ts'
import * as m0042 from './0042-institution-and-clients.ts'
import * as m0044 from './0044-managed-grants.ts'
import * as m0045 from './0045-managed-grants-of-clients.ts'
import * as m0046 from './0046-consent-webhooks.ts'
import * as m0047 from './0047-gatekeeper.ts'
import * as m0047r from './0047-received-scopes.ts'
import * as m0048 from './0048-scope-moderation.ts'
import * as m0049 from './0049-statistics.ts'
import * as m0050 from './0050-roles.ts'
import * as m0051 from './0051-management-api.ts'
import * as m0052 from './0052-dashboard.ts'
import * as m0053 from './0053-traces.ts'
import * as m0054 from './0054-audit-chain.ts'
import * as m0055 from './0055-groups.ts'
import * as m0056 from './0056-client-uses.ts'
import * as m0057 from './0057-order-of-decisions.ts'
import * as m0059 from './0059-words-of-a-provider.ts'
import * as m0060 from './0060-held-apis.ts'
import * as m0061 from './0061-place-of-a-sign-in.ts'

// The list of migrations, forward only. A new one is one file and one line here; a landed one is never changed.
export const migrations: Record<string, Migration> = {
  '0001-clock': m0001,
  '0002-cache-versions': m0002,
  '0003-organizations': m0003,
  '0004-clients': m0004,
  '0005-apis': m0005,
  '0006-users': m0006,
  '0007-signing-keys': m0007,
  '0008-sessions': m0008,
  '0009-providers': m0009,
  '0010-interactions': m0010,
  '0011-tokens': m0011,
  '0012-audit-events': m0012,
  '0013-leases': m0013,
  '0014-attempts': m0014,
  '0015-demo': m0015,
  '0016-identities': m0016,
  '0017-saml': m0017,
  '0018-federations': m0018,
  '0019-upstream-authority': m0019,
  '0020-provider-search': m0020,
  '0021-second-factors': m0021,
  '0022-account': m0022,
  '0023-mail': m0023,
  '0024-linking': m0024,
  '0030-strong-clients': m0030,
  '0031-registration': m0031,
  '0032-logout': m0032,
  '0033-decoupled': m0033,
  '0034-exchange': m0034,
  '0036-pairwise-salt': m0036,
  '0037-trusted-issuers': m0037,
  '0038-requests': m0038,
  '0040-authorization-details': m0040,
  '0041-consent-objects': m0041,
  '0042-institution-and-clients': m0042,
  '0044-managed-grants': m0044,
  '0045-managed-grants-of-clients': m0045,
  '0046-consent-webhooks': m0046,
  '0047-gatekeeper': m0047,
  '0047-received-scopes': m0047r,
  '0048-scope-moderation': m0048,
  '0049-statistics': m0049,
  '0050-roles': m0050,
  '0051-management-api': m0051,
  '0052-dashboard': m0052,
  '0053-traces': m0053,
  '0054-audit-chain': m0054,
  '0055-groups': m0055,
  '0056-client-uses': m0056,
  '0057-order-of-decisions': m0057,
  '0059-words-of-a-provider': m0059,
  '0060-held-apis': m0060,
  '0061-place-of-a-sign-in': m0061,
}
