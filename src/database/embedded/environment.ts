// Nothing of ours is passed on: PGDATA, PGPORT or PGOPTIONS of a developer's shell would steer the server, and our secrets are not its business.
export const OWN_ENVIRONMENT: NodeJS.ProcessEnv = {
  PATH: process.env['PATH'],
  LC_ALL: 'C',
  TZ: 'UTC',
  ...(process.env['SystemRoot'] === undefined ? {} : { SystemRoot: process.env['SystemRoot'], TEMP: process.env['TEMP'] }),
}
