import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

// Owns the counters (Prometheus names, base units, bounded labels: never a client, person or address).

export interface Metrics {
  readonly registry: Registry
  readonly requestDuration: Histogram<'route' | 'method' | 'status'>
  readonly logins: Counter<'method' | 'result'>
  readonly upstreamFailures: Counter<'protocol' | 'cause'>
  readonly upstreamSkew: Histogram
  readonly samlMetadata: Counter<'result'>
  readonly tokensIssued: Counter<'grant' | 'type'>
  readonly tokenErrors: Counter<'error'>
  readonly consents: Counter<'decision'>
  readonly discoverySearches: Counter<'result'>
  readonly insecureRedirectWarnings: Counter<'decision'>
  readonly federationImports: Counter<'result'>
  readonly auditDropped: Counter
  readonly tracesDropped: Counter<'reason'>
  readonly circuitsOpen: Gauge<'protocol'>
  readonly gatekeeperAdded: Histogram
  readonly reportOnly: Counter<'profile' | 'rule'>
  readonly mails: Counter<'kind' | 'result'>
}

const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
const ADDED_BUCKETS = [0.00025, 0.0005, 0.00075, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.01, 0.025, 0.1, 0.5]
const SKEW_BUCKETS = [-3600, -600, -300, -120, -60, 0, 60, 120, 300, 600, 3600]

export function createMetrics(version: string, processMetrics: boolean): Metrics {
  const registry = new Registry()
  const registers = [registry]
  if (processMetrics) collectDefaultMetrics({ register: registry, prefix: 'portner_' })
  new Gauge({ name: 'portner_build_info', help: 'Version that runs', labelNames: ['version'], registers }).set({ version }, 1)
  return {
    registry,
    requestDuration: new Histogram({ name: 'portner_http_request_duration_seconds', help: 'Time to answer a request', labelNames: ['route', 'method', 'status'], buckets: BUCKETS, registers }),
    logins: new Counter({ name: 'portner_logins_total', help: 'Sign-ins tried', labelNames: ['method', 'result'], registers }),
    upstreamFailures: new Counter({ name: 'portner_upstream_failures_total', help: 'Sign-ins at providers that came to nothing', labelNames: ['protocol', 'cause'], registers }),
    upstreamSkew: new Histogram({ name: 'portner_upstream_clock_skew_seconds', help: 'By how much the clocks of providers were ahead of ours, in answers that were refused for their time', buckets: SKEW_BUCKETS, registers }),
    samlMetadata: new Counter({ name: 'portner_saml_metadata_reads_total', help: 'Reads of the metadata of SAML providers', labelNames: ['result'], registers }),
    tokensIssued: new Counter({ name: 'portner_tokens_issued_total', help: 'Token responses', labelNames: ['grant', 'type'], registers }),
    tokenErrors: new Counter({ name: 'portner_token_errors_total', help: 'Token requests refused', labelNames: ['error'], registers }),
    consents: new Counter({ name: 'portner_consents_total', help: 'Decisions on the consent page', labelNames: ['decision'], registers }),
    discoverySearches: new Counter({ name: 'portner_discovery_searches_total', help: 'Searches for an institution', labelNames: ['result'], registers }),
    insecureRedirectWarnings: new Counter({ name: 'portner_http_redirect_warnings_total', help: 'Warnings about plain http redirect URIs', labelNames: ['decision'], registers }),
    federationImports: new Counter({ name: 'portner_federation_imports_total', help: 'Imports of a federation: imported, unchanged, failed', labelNames: ['result'], registers }),
    auditDropped: new Counter({ name: 'portner_audit_events_dropped_total', help: 'Audit events that found the buffer full', registers }),
    tracesDropped: new Counter({ name: 'portner_traces_dropped_total', help: 'Traces of refusals that were not kept: the buffer was full, one client had too many, or the database was gone', labelNames: ['reason'], registers }),
    circuitsOpen: new Gauge({ name: 'portner_upstream_circuits_open', help: 'Peers that did not answer and are not asked for a while', labelNames: ['protocol'], registers }),
    gatekeeperAdded: new Histogram({ name: 'portner_gatekeeper_added_seconds', help: 'What the gatekeeper itself took of a call: until the request went on, and from the head of the answer until it was handed out', buckets: ADDED_BUCKETS, registers }),
    reportOnly: new Counter({ name: 'portner_report_only_total', help: 'Requests that the stricter profile of report_only would have refused', labelNames: ['profile', 'rule'], registers }),
    mails: new Counter({ name: 'portner_mails_total', help: 'Mails that left, that the mail server put off, and that were given up', labelNames: ['kind', 'result'], registers }),
  }
}
