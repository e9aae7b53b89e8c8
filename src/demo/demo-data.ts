// Owns what the demo starts with: organizations, people and clients that a newcomer can try everything with. The secrets are public, which
// is why the demo runs on this machine only.

/** The people of the demo, as the start banner and the demo's pages show them. */
export const demoPeople = [
  { username: 'ada', password: 'demo-ada', about: 'Norges testuniversitet' },
  { username: 'lin', password: 'demo-lin', about: 'Norges testuniversitet' },
  { username: 'kai', password: 'demo-kai', about: 'Høgskolen i Lunmal' },
] as const

/** The documents of the demo as YAML, for an issuer on this machine. */
export function demoDocuments(issuer: string): string {
  return `
kind: organization
organization_id: ntu
name: { en: Norwegian Test University, nb: Norges testuniversitet, nn: Noregs testuniversitet, fi: Norjan testiyliopisto, sv: Norges testuniversitet }
realms: [ntu.example]
country: 'no'
---
kind: organization
organization_id: lunmal
name: { en: Lunmal University College, nb: Høgskolen i Lunmal, nn: Høgskulen i Lunmal }
realms: [lunmal.example]
country: 'no'
---
kind: organization
organization_id: turku
name: { en: Turku Test University of Applied Sciences, fi: Turun testikorkeakoulu, sv: Åbo testhögskola }
realms: [turku.example]
country: fi
---
kind: provider
provider_id: ntu
protocol: local
name: { en: Norwegian Test University, nb: Norges testuniversitet, nn: Noregs testuniversitet, fi: Norjan testiyliopisto, sv: Norges testuniversitet }
organization: ntu
keywords: [NTU]
---
kind: provider
provider_id: lunmal
protocol: local
name: { en: Lunmal University College, nb: Høgskolen i Lunmal, nn: Høgskulen i Lunmal }
organization: lunmal
keywords: [HiL]
---
kind: provider
provider_id: turku
protocol: local
name: { en: Turku Test University of Applied Sciences, fi: Turun testikorkeakoulu, sv: Åbo testhögskola }
organization: turku
keywords: [TTK, Åbo]
---
kind: api
api_id: calendar
name: { en: Calendar, nb: Kalender, nn: Kalender, fi: Kalenteri, sv: Kalender }
title: { en: See your calendar, nb: Se kalenderen din, nn: Sjå kalenderen din, fi: Nähdä kalenterisi, sv: Se din kalender }
audience: https://calendar.example.org
organization: ntu
scopes:
  write:
    title: { en: Add events to your calendar, nb: Legge til hendelser i kalenderen din, nn: Leggje til hendingar i kalenderen din, fi: Lisätä tapahtumia kalenteriisi, sv: Lägga till händelser i din kalender }
    description: { en: Adds and changes events; cannot delete any., nb: Legger til og endrer hendelser; kan ikke slette dem., nn: Legg til og endrar hendingar; kan ikkje slette dei., fi: Lisää ja muuttaa tapahtumia; ei voi poistaa niitä., sv: Lägger till och ändrar händelser; kan inte ta bort dem. }
---
kind: client
client_id: demo-web
client_secret: { value: demo-secret }
client_name: { en: Course Planner, nb: Emneplanlegger, nn: Emneplanleggjar, fi: Kurssisuunnittelija, sv: Kursplanerare }
application_type: web
redirect_uris: ['${issuer}/demo/callback']
post_logout_redirect_uris: ['${issuer}/demo']
grant_types: [authorization_code, refresh_token]
scope: openid profile email groups phone address userid offline_access
optional_scopes: [groups]
organization: ntu
status: development
---
kind: client
client_id: demo-http
client_secret: { value: demo-secret }
client_name: { en: Timetable (plain http), nb: Timeplan (ukryptert http), nn: Timeplan (ukryptert http), fi: Lukujärjestys (salaamaton http), sv: Schema (okrypterad http) }
application_type: web
redirect_uris: [http://dev.planner.example/callback]
scope: openid profile email
organization: ntu
status: development
compatibility: [plain_http_redirect]
---
kind: client
client_id: demo-service
client_secret: { value: demo-secret }
client_name: { en: Room booking robot, nb: Rombestillingsrobot, nn: Rombestillingsrobot, fi: Tilavarausrobotti, sv: Lokalbokningsrobot }
application_type: service
scope: gk_calendar gk_calendar_write
organization: ntu
status: development
---
kind: user
username: ada
password: { value: demo-ada }
organization: ntu
claims:
  name: Ada Example
  given_name: Ada
  family_name: Example
  preferred_username: ada
  email: ada@ntu.example
  email_verified: true
  phone_number: '+47 22 00 00 01'
  phone_number_verified: false
  birthdate: '1990-12-10'
  zoneinfo: Europe/Oslo
  locale: nb-NO
  website: https://ada.ntu.example
  address: { street_address: Testveien 1, postal_code: '0316', locality: Oslo, country: Norway, formatted: "Testveien 1\\n0316 Oslo\\nNorway" }
groups: [staff, mathematics]
---
kind: user
username: lin
password: { value: demo-lin }
organization: ntu
claims:
  name: Lin Sørensen-Müller
  given_name: Lin
  family_name: Sørensen-Müller
  preferred_username: lin
  email: lin@ntu.example
  email_verified: true
  phone_number: '+47 22 00 00 02'
  phone_number_verified: true
  birthdate: '2001-05-17'
  zoneinfo: Europe/Oslo
  locale: nn-NO
  address: { street_address: Testveien 2, postal_code: '0316', locality: Oslo, country: Norway, formatted: "Testveien 2\\n0316 Oslo\\nNorway" }
groups: [students]
---
kind: user
username: kai
password: { value: demo-kai }
organization: lunmal
claims:
  name: Kai Åkesson
  given_name: Kai
  family_name: Åkesson
  preferred_username: kai
  email: kai@lunmal.example
  email_verified: true
  locale: nb-NO
groups: [students]
`.trimStart()
}
