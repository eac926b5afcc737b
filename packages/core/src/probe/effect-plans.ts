import type { HostFacts } from '../host/types.ts'
import { chain, child, isBelow } from '../paths/paths.ts'
import { resolveLinks } from '../paths/resolve-links.ts'
import type { SandboxContext, Step } from '../plan/types.ts'

export interface EffectPlan {
  readonly name: string
  readonly steps: readonly Step[]
}

/** Small sandboxes that need one effect each beside a user namespace and mounts. */
export function effectPlans(host: HostFacts, context: SandboxContext): EffectPlan[] {
  const tree = boundTree(host)
  const lower = lowerWithoutMounts(host, context)
  const plan = (name: string, namespaces: readonly string[], ...steps: Step[]): EffectPlan => ({
    name,
    steps: [
      ['namespaces', 'user', 'mount', 'pid', ...namespaces],
      ['store', '-'],
      ...tree,
      ...steps,
    ],
  })
  return [
    plan('user namespace and mounts', []),
    plan(
      'copy-on-write (overlay)',
      [],
      ['lower', '1', lower],
      ['overlay', 'root/overlay', '1', '755', '-', '-', '-'],
    ),
    plan('network namespace', ['net'], ['loopback', 'up']),
    plan('host name, IPC and cgroup namespaces', ['uts', 'ipc', 'cgroup'], ['hostname', 'netns']),
    plan('process namespace', [], ['proc', 'root/proc']),
  ]
}

/** A directory that can be the lower one: no mount lies below it. */
function lowerWithoutMounts(host: HostFacts, { projectRoot }: SandboxContext): string {
  const project = resolveLinks(host.files, projectRoot)
  const candidates = [project, ...chain('/', project), '/usr', '/etc']
  const isPlain = (path: string): boolean =>
    !host.mounts.some(({ mountPoint }) => isBelow(mountPoint, path))
  return candidates.find((path) => isPlain(path)) ?? project
}

/** The host's tree, bound read-only: enough to start a command. */
function boundTree({ files }: HostFacts): Step[] {
  return files.list('/').flatMap((name): Step[] => {
    const path = child('/', name)
    const node = files.node(path)
    if (node?.type === 'symlink') return [['symlink', `root${path}`, node.target ?? '']]
    return node?.type === 'dir' ? [['bind', `root${path}`, path, 'ro,rec,optional']] : []
  })
}
