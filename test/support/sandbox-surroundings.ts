import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

const repository = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/** Where a runner works: on this machine as it is, or in a container that is made for it. */
export interface Surroundings {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly isRoot: boolean
  /** `/` is an overlay, /proc is masked, /proc/sys read-only. */
  readonly isContainer: boolean
  /** Programs and arguments put before the runner's own. */
  readonly before: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

const uid = process.getuid?.() ?? -1
const gid = process.getgid?.() ?? -1
const isRoot = uid === 0

export const here: Surroundings = {
  name: isRoot ? 'as root' : 'as an ordinary user',
  uid,
  gid,
  isRoot,
  isContainer: false,
  before: [],
  env: {},
}

const namespaces = ['--mount', '--pid', '--ipc', '--uts', '--net', '--cgroup', '--fork']
const script = join(repository, 'test/fixtures/sandbox/container.sh')
const nodeDirectory = dirname(dirname(process.execPath))
const enter = (asUid: number) => [script, String(asUid), repository, nodeDirectory]

function containersOfRoot(): Surroundings[] {
  const before = ['unshare', ...namespaces, '--kill-child']
  const ordinary = findOrdinaryUser()
  const asRoot = { ...here, name: 'in a container, as root', isContainer: true }
  const asUser = {
    ...ordinary,
    name: 'in a container, as an ordinary user',
    isRoot: false,
    isContainer: true,
  }
  return [asRoot, asUser].map((one) => ({ ...one, before: [...before, ...enter(one.uid)] }))
}

/** An entry of /etc/passwd that is a person's. */
function findOrdinaryUser(): { uid: number; gid: number; env: Record<string, string> } {
  const entries = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const entry = entries.find(([, , id]) => Number(id) >= 1000 && Number(id) < 60_000)
  const [name = 'nobody', , id = '65534', group = '65534', , home = '/'] = entry ?? []
  const env = { HOME: home, USER: name, LOGNAME: name }
  return { uid: Number(id), gid: Number(group), env }
}

function containerOfUser(): Surroundings {
  const own = ['unshare', '--user', '--map-current-user', '--keep-caps']
  return {
    ...here,
    name: 'in a rootless container',
    isContainer: true,
    before: [...own, ...namespaces, '--kill-child', ...enter(uid)],
  }
}

export const containers: readonly Surroundings[] = isRoot ? containersOfRoot() : [containerOfUser()]

/** Every case marked so has to hold here and in containers. */
export const everywhere: readonly Surroundings[] = [here, ...containers]

/** This machine with one more mount, a tmpfs of the user's. */
export function withMountAt(path: string): Surroundings {
  const own = ['unshare', '--user', '--map-current-user', '--keep-caps', '--mount']
  const root = ['unshare', '--mount', '--propagation', 'private']
  const mount = 'mkdir -p "$0" && mount -t tmpfs -o mode=755 tmpfs "$0" && exec "$@"'
  const unprivileged = isRoot ? [] : ['setpriv', '--ambient-caps=-all', '--inh-caps=-all']
  const before = [...(isRoot ? root : own), 'sh', '-c', mount, path, ...unprivileged]
  return { ...here, before }
}

const scratches: string[] = []
afterAll(() => {
  // Tests leave directories that their owner may not enter.
  if (scratches.length > 0) execFileSync('chmod', ['-R', 'u+rwX', ...scratches])
  for (const path of scratches) rmSync(path, { recursive: true, force: true })
})

/** A directory for the runner in these surroundings, gone when the test file is. */
export function makeScratch(
  owner: Surroundings = here,
  parent = join(repository, 'build/sandbox-tests'),
): string {
  mkdirSync(parent, { recursive: true })
  const scratch = mkdtempSync(join(parent, 'netns-run-'))
  chmodSync(scratch, 0o755)
  if (owner.uid !== uid) chownSync(scratch, owner.uid, owner.gid)
  scratches.push(scratch)
  return scratch
}
