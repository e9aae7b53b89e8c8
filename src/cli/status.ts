// Owns the exit statuses. Scripts rely on them: they never change.

export const status = { ok: 0, failed: 1, usage: 2, differs: 3, notReady: 4 } as const

/** Why a command cannot do what it was asked: what went wrong and where, and what to do about it. */
export class Failure extends Error {
  readonly remedy: string | undefined
  readonly exitStatus: number
  constructor(message: string, remedy?: string, exitStatus: number = status.failed) {
    super(message)
    this.remedy = remedy
    this.exitStatus = exitStatus
  }
}
