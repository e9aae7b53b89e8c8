import type { Job } from './job.ts'

/** Sends what a process did not get rid of at once: the mail server was away, or the process was. */
export const sendMailJob: Job = { name: 'send-mail', everySeconds: 15, run: (ctx, stopping) => ctx.mail.deliver(stopping) }
