import { readFileSync } from 'node:fs'
import { release, userInfo } from 'node:os'
import { NetnsError } from '../errors/netns-error.ts'
import { createHostFiles } from './host-files.ts'
import { parseMountinfo, visibleMounts } from './mountinfo.ts'
import type { HostContext, HostFacts } from './types.ts'

const OWN_DIRECTORY_VARIABLES = [
  'TMPDIR',
  'TMP',
  'TEMP',
  'XDG_CACHE_HOME',
  'XDG_CONFIG_HOME',
  'XDG_DATA_HOME',
  'XDG_STATE_HOME',
  'npm_config_cache',
]

const CAP_SETGID = 6n
const CAP_SETUID = 7n

/**
 * Reads the facts about this machine that planning needs. Call it once per run: what it answers is remembered.
 *
 * @throws NetnsError `NETNS_PLATFORM` where the machine is no Linux
 */
export function readHost(context: HostContext = {}): HostFacts {
  const uid = process.geteuid?.()
  const gid = process.getegid?.()
  if (process.platform !== 'linux' || uid === undefined || gid === undefined) {
    throw new NetnsError('NETNS_PLATFORM', { detail: `this is ${process.platform}` })
  }
  const env = context.env ?? process.env
  return {
    uid,
    gid,
    mapsRanges: uid === 0 && canSetIds(readFileSync('/proc/self/status', 'latin1')),
    hasAllIds: /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'latin1')),
    kernelRelease: release(),
    home: homeOf(env),
    ownDirs: OWN_DIRECTORY_VARIABLES.map((name) => env[name]).filter((path) => isAbsolute(path)),
    runtimeDir: [env['XDG_RUNTIME_DIR']].find((path) => isAbsolute(path)),
    mounts: visibleMounts(parseMountinfo(readFileSync('/proc/self/mountinfo'))),
    files: createHostFiles(),
  }
}

function canSetIds(status: string): boolean {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`)
  return [CAP_SETGID, CAP_SETUID].every((capability) => (effective >> capability) & 1n)
}

function isAbsolute(path: string | undefined): path is string {
  return path?.startsWith('/') ?? false
}

function homeOf(env: NonNullable<HostContext['env']>): string | undefined {
  if (isAbsolute(env['HOME'])) return env['HOME']
  try {
    return userInfo().homedir
  } catch {
    return undefined // no entry in /etc/passwd
  }
}
