import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { childrenOf, initOf } from './sandbox-leftovers.ts'

/** What only root may look at: the launcher and PID 1, and the namespaces that they and the worker use or hold. */
export function countsOf(launcher: number, init: number): Record<string, number> {
  const processes = [launcher, init, ...childrenOf(init)]
  const descriptors = processes.map((pid) => readdirSync(`/proc/${pid}/fd`).length)
  const links = processes.flatMap((pid) => [
    ...linksIn(`/proc/${pid}/ns`),
    ...linksIn(`/proc/${pid}/fd`),
  ])
  return {
    mountsOfPid1: readFileSync(`/proc/${init}/mountinfo`, 'utf8').split('\n').length,
    descriptorsOfLauncher: descriptors[0] ?? 0,
    descriptorsOfPid1: descriptors[1] ?? 0,
    networkNamespaces: new Set(links.filter((link) => link.startsWith('net:'))).size,
  }
}

function linksIn(directory: string): string[] {
  return readdirSync(directory).flatMap((name) =>
    read(() => [readlinkSync(`${directory}/${name}`)]),
  )
}

function read(take: () => string[]): string[] {
  try {
    return take()
  } catch {
    return []
  }
}

/** The launcher of the sandbox in use, beside those that wait for a file. */
export function launcherBelow(runner: number): number {
  return launchersBelow(runner).toSorted((a, b) => cpuTicks(b) - cpuTicks(a))[0] ?? 0
}

function cpuTicks(launcher: number): number {
  const [, fields = ''] = readFileSync(`/proc/${initOf(launcher)}/stat`, 'latin1').split(') ')
  return Number(fields.split(' ')[12])
}

/** Each is the outer process of a sandbox. */
export function launchersBelow(runner: number): number[] {
  return childrenOf(runner).filter((child) => initOf(child) !== undefined)
}
