import { deliverConsentEventsJob } from './deliver-consent-events.ts'
import { deliverLogoutsJob } from './deliver-logouts.ts'
import { deleteExpiredJob } from './delete-expired.ts'
import { expireConsentsJob } from './expire-consents.ts'
import { fetchLogosJob } from './fetch-logos.ts'
import { forgetAuditEventsJob } from './forget-audit-events.ts'
import { forgetConsentEventsJob } from './forget-consent-events.ts'
import type { Job } from './job.ts'
import { refreshFederationsJob } from './refresh-federations.ts'
import { refreshSamlMetadataJob } from './refresh-saml-metadata.ts'
import { rotateKeysJob } from './rotate-keys.ts'
import { sendMailJob } from './send-mail.ts'

export const jobs: readonly Job[] = [deleteExpiredJob, expireConsentsJob, deliverConsentEventsJob, rotateKeysJob, deliverLogoutsJob, sendMailJob, refreshFederationsJob, fetchLogosJob, refreshSamlMetadataJob, forgetAuditEventsJob, forgetConsentEventsJob]
