import { chain, isBelow, nameOf, parentOf } from '../paths/paths.ts'
import type { HostFacts, HostNode, Mount } from './types.ts'

interface FabricatedNode {
  readonly type?: HostNode['type']
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  readonly sizeBytes?: number
  readonly target?: string
  readonly text?: string
}

export interface FabricatedHost {
  readonly uid?: number
  readonly gid?: number
  readonly hasAllIds?: boolean
  readonly home?: string
  readonly ownDirs?: readonly string[]
  readonly runtimeDir?: string
  readonly kernelRelease?: string
  /** By path; missing parents are directories of root. A text makes a file, an arrow `-> x` a symbolic link. */
  readonly nodes: Readonly<Record<string, FabricatedNode | string>>
  /** Mount points below `/`, with file system type and options. */
  readonly mounts?: Readonly<Record<string, string>>
  /** Type and options of `/`. */
  readonly root?: string
}

/** The facts of a machine that exists only in a test. */
export function fabricateHost(host: FabricatedHost): HostFacts {
  const { uid = 0, gid = uid } = host
  const nodes = fabricateNodes(host.nodes)
  return {
    uid,
    gid,
    mapsRanges: uid === 0,
    hasAllIds: host.hasAllIds ?? true,
    kernelRelease: host.kernelRelease ?? '6.18.0',
    home: host.home ?? (uid === 0 ? '/root' : '/home/me'),
    ownDirs: host.ownDirs ?? [],
    runtimeDir: host.runtimeDir,
    mounts: fabricateMounts({ '/': host.root ?? 'ext4 rw', ...host.mounts }),
    files: {
      node: (path) => {
        const node = nodes.get(path)
        return node && describeNode(node, uid, gid)
      },
      list: (path) =>
        [...nodes.keys()].filter((one) => isBelow(one, path) && parentOf(one) === path).map(nameOf),
      text: (path) => nodes.get(path)?.text,
    },
  }
}

const ALWAYS = [
  '/',
  '/proc',
  '/sys',
  '/dev',
  '/tmp',
  '/var/tmp',
  '/run',
  '/etc',
  '/usr/bin',
  '/home',
  '/root',
]

function fabricateNodes(given: FabricatedHost['nodes']): Map<string, FabricatedNode> {
  const nodes = new Map<string, FabricatedNode>([['/', {}]])
  for (const path of [...ALWAYS, ...Object.keys(given)]) {
    if (path !== '/')
      for (const parent of chain('/', path)) if (!nodes.has(parent)) nodes.set(parent, {})
  }
  nodes.set('/usr/bin/env', { text: '' })
  nodes.set('/root/.profile', { text: '' })
  nodes.set('/root', { mode: 0o700 })
  nodes.set('/proc/sys', {})
  for (const name of ['null', 'zero', 'full', 'random', 'urandom', 'tty'])
    nodes.set(`/dev/${name}`, { type: 'other' })
  for (const [path, node] of Object.entries(given)) nodes.set(path, fabricateNode(node))
  return nodes
}

function fabricateNode(node: FabricatedNode | string): FabricatedNode {
  if (typeof node !== 'string') return node
  return node.startsWith('-> ') ? { target: node.slice(3) } : { text: node }
}

function describeNode(node: FabricatedNode, uid: number, gid: number): HostNode {
  const type =
    node.type ?? (node.target !== undefined ? 'symlink' : node.text !== undefined ? 'file' : 'dir')
  const mode = node.mode ?? (type === 'dir' ? 0o755 : 0o644)
  const common = { type, mode, uid: node.uid ?? 0, gid: node.gid ?? node.uid ?? 0 }
  const bits = uid === common.uid ? mode >> 6 : gid === common.gid ? mode >> 3 : mode
  return {
    ...common,
    sizeBytes: node.sizeBytes ?? node.text?.length ?? 0,
    ...(node.target === undefined ? {} : { target: node.target }),
    readable: uid === 0 || (bits & (type === 'dir' ? 5 : 4)) === (type === 'dir' ? 5 : 4),
    writable: uid === 0 || (bits & 2) !== 0,
  }
}

function fabricateMounts(mounts: Readonly<Record<string, string>>): Mount[] {
  return Object.entries(mounts).map(([mountPoint, text], index) => {
    const [fsType = 'ext4', options = 'rw'] = text.split(' ')
    return {
      id: index + 1,
      parentId: index === 0 ? 0 : 1,
      root: '/',
      mountPoint,
      options: options.split(','),
      fsType,
      source: 'none',
      superOptions: ['rw'],
    }
  })
}
