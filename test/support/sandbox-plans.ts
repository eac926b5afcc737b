import { existsSync, lstatSync, readlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import process from 'node:process'
import type { Step } from '@netns/core'

export const everyNamespace = ['user', 'mount', 'net', 'pid', 'ipc', 'uts', 'cgroup'] as const

/**
 * How the tests start Node: without V8's threads, since with them one exit in a hundred hangs under load, in a sandbox
 * or not (nodejs/node#54918).
 */
export const node = [process.execPath, '--single-threaded'] as const

/** The namespaces and an empty root. */
export const emptyRoot: readonly Step[] = [
  ['namespaces', ...everyNamespace],
  ['store', '-'],
]

/** Where programs are, which Debian links into /usr. */
const programs = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/usr']

function showProgram(path: string): Step {
  if (lstatSync(path).isSymbolicLink()) return ['symlink', `root${path}`, readlinkSync(path)]
  return ['bind', `root${path}`, path, 'ro,rec']
}

/** The smallest sandbox in which a shell and Node run. */
export const smallPlan: readonly Step[] = [
  ...emptyRoot,
  ...programs.filter((path) => existsSync(path)).map(showProgram),
  ['proc', 'root/proc'],
  ['mkdir', 'root/dev', '755', '-', '-'],
  ['dev', 'root/dev/null', 'null'],
  ['dev', 'root/dev/urandom', 'urandom'],
  ['tmpfs', 'root/tmp', '1777', '-', '-', '-'],
  // The Node that runs this, which may lie below /tmp.
  showProgram(dirname(process.execPath)),
]

/** A shell command line for the worker. */
export const sh = (script: string, ...args: string[]): string[] => [
  '/bin/sh',
  '-c',
  script,
  ...args,
]
