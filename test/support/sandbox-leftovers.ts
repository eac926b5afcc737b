import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { randomInt } from 'node:crypto'
import { expect, vi } from 'vitest'
import { launcherPath } from './sandbox-launcher.ts'

/**
 * A number of seconds for `sleep` that no other process has on its command line, nor in it: with
 * it every process of a sandbox is found, also the launcher, whose arguments hold the command.
 */
export const uniqueSleep = (): string => `${randomInt(1e9, 1e10)}.${randomInt(1e9, 1e10)}`

/** Processes of this machine with that text on their command lines. */
export function processesWith(text: string): number[] {
  return pids().filter((pid) =>
    read(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))?.includes(text),
  )
}

/** Processes that are in a namespace, given as `net:[4026531840]`. */
export function processesIn(namespace: string): number[] {
  const kind = namespace.slice(0, namespace.indexOf(':'))
  return pids().filter((pid) => read(() => readlinkSync(`/proc/${pid}/ns/${kind}`)) === namespace)
}

function pids(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger)
}

/** A process that is gone, or another user's, says nothing. */
function read(take: () => string): string | undefined {
  try {
    return take()
  } catch {
    return undefined
  }
}

/** Pids on the host of a process's children. */
export function childrenOf(pid: number): number[] {
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return list === '' ? [] : list.split(' ').map(Number)
}

/** PID 1 of a launcher on the host, once that has been executed and has made it. */
export function initOf(launcher = 0): number | undefined {
  if (readlinkSync(`/proc/${launcher}/exe`) !== realpathSync(launcherPath)) return undefined
  return childrenOf(launcher)[0]
}

/** Mount points of the host, without what other tests' processes may do to the numbers. */
export function hostMounts(): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n')
  return lines.map((line) => line.split(' ').slice(3, 6).join(' ')).toSorted()
}

/** Waits until no process has that text on its command line any more. */
export async function expectNoneWith(text: string): Promise<void> {
  await vi.waitFor(() => expect(processesWith(text)).toEqual([]), { timeout: 5000, interval: 10 })
}
