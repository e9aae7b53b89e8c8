import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'

// Owns how much processor time processes have used: /proc/PID/task/*/schedstat, in nanoseconds. Only Linux has it; elsewhere every figure
// is missing rather than wrong.

const TICK_NS = 10_000_000

/** Whether this machine tells. */
export const canMeasureCpu = existsSync('/proc/self/schedstat')

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // The process or thread ended meanwhile; its parent has its time.
    return ''
  }
}

function list(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

/** The fields of /proc/PID/stat after the name, which may itself hold spaces and brackets. */
function statOf(pid: number): readonly string[] {
  const text = read(`/proc/${pid}/stat`)
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** A process with all that it started. */
export function processTree(root: number): readonly number[] {
  const parents = list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), Number(statOf(Number(name))[1])] as const)
  const tree = [root]
  for (const pid of tree) for (const [child, parent] of parents) if (parent === pid) tree.push(child)
  return tree
}

/** Processor time of a process and of all it started, ended ones too, in microseconds. NaN where it cannot be known. */
export function cpuMicroseconds(root: number): number {
  if (!canMeasureCpu) return Number.NaN
  let nanoseconds = 0
  for (const pid of processTree(root)) {
    for (const thread of list(`/proc/${pid}/task`)) nanoseconds += Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0] ?? 0)
    const stat = statOf(pid)
    nanoseconds += (Number(stat[13] ?? 0) + Number(stat[14] ?? 0)) * TICK_NS
  }
  return nanoseconds / 1000
}

/** Memory of a process and of all it started, in MB. */
export function residentMegabytes(pid: number): number {
  const match = /VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`))
  return match === null ? Number.NaN : Number(match[1]) / 1024
}

/** Leaves some processes, with all that they started, only these cores (taskset's own words, as `0` or `1-3`). False where that cannot be done. */
export function keepTo(cores: string, roots: readonly number[]): boolean {
  return roots.flatMap(processTree).every((pid) => spawnSync('taskset', ['-acp', cores, String(pid)], { stdio: 'ignore' }).status === 0)
}
