import { NetnsError } from '../errors/netns-error.ts'
import { isOlderKernel } from '../host/kernel-version.ts'
import type { HostFacts } from '../host/types.ts'
import type { ResolvedOptions } from '../options/types.ts'
import { child } from '../paths/paths.ts'
import { standInAttributes } from './attributes.ts'
import { coverPath, type CoverOptions } from './cover.ts'
import { emitTree } from './emit.ts'
import { addNameFiles } from './etc.ts'
import { addOwnTrees } from './own-trees.ts'
import { nodeAt, startPlanning, type Planning } from './planning.ts'
import { addPrivateDirectories, findPrivateDirectories } from './private-dirs.ts'
import { addPseudoFileSystems, guardSteps } from './pseudo.ts'
import { addRunnerPaths } from './runner-paths.ts'
import { controlSteps, threadsPathInside } from './control.ts'
import { limitSteps, namespaceSteps, networkSteps } from './settings.ts'
import type { Degree, SandboxContext, SandboxPlan, Step } from './types.ts'
import {
  addBinds,
  addCopies,
  addHidden,
  addPrivate,
  addReadOnly,
  addWritable,
} from './user-paths.ts'

/**
 * Describes the sandbox that options ask for on a host. Pure: it reads nothing but its arguments.
 *
 * @throws NetnsError `NETNS_OPTIONS_INVALID` where an option does not fit this host (a missing `fs.bind` source, a
 *   hidden project)
 */
export function planSandbox(
  options: ResolvedOptions,
  host: HostFacts,
  context: SandboxContext,
): SandboxPlan {
  const planning = startPlanning(options, host, context)
  planTree(planning)
  throwProblems(planning)
  const hold = options.fs.keep.length > 0
  return {
    steps: [
      ...namespaceSteps(planning),
      ...emitTree(planning),
      ...networkSteps(planning),
      ...guardSteps(planning),
      ...limitSteps(planning),
      ...controlSteps(planning),
      ...(hold ? [['hold'] satisfies Step] : []),
      ['chdir', context.cwd],
    ],
    uppers: planning.layout
      .overlays()
      .filter((place) => !place.readOnly)
      .map(({ id, path }) => ({ id, insidePath: path })),
    degrees: [...planning.layout.degrees, ...networkDegrees(planning), ...kernelDegrees(planning)],
    hold,
    threadsPath: threadsPathInside(planning),
  }
}

/** Later stages replace what earlier ones put at the same path. */
function planTree(planning: Planning): void {
  const privateDirectories = findPrivateDirectories(planning)
  const cover: CoverOptions = {
    readOnly: planning.allReadOnly,
    skip: new Set([...privateDirectories.keys(), '/proc', '/sys', '/dev']),
  }
  coverHost(planning, cover)
  addPseudoFileSystems(planning)
  addPrivateDirectories(planning, privateDirectories, cover)
  addWritable(planning, cover)
  addOwnTrees(planning)
  addCopies(planning)
  addPrivate(planning, cover)
  addRunnerPaths(planning)
  addBinds(planning)
  addNameFiles(planning)
  addHidden(planning)
  addReadOnly(planning)
}

function coverHost(planning: Planning, cover: CoverOptions): void {
  const root = nodeAt(planning, '/') ?? {
    type: 'dir',
    mode: 0o755,
    uid: 0,
    gid: 0,
    sizeBytes: 0,
    readable: true,
    writable: false,
  }
  planning.layout.put({
    kind: 'dir',
    path: '/',
    attributes: standInAttributes(planning.host, root),
  })
  for (const name of planning.host.files.list('/')) coverPath(planning, child('/', name), cover)
}

function throwProblems({ layout }: Planning): void {
  if (layout.problems.length > 0)
    throw new NetnsError('NETNS_OPTIONS_INVALID', { detail: layout.problems.join('\n') })
}

function networkDegrees({ options }: Planning): Degree[] {
  if (options.net.mode !== 'host') return []
  return [
    {
      kind: 'not-isolated',
      message: "net: 'host': the network is the host's; ports and connections are not isolated",
    },
  ]
}

/** Directories that replace deleted ones need an attribute that tmpfs has from Linux 6.6. */
function kernelDegrees({ host }: Planning): Degree[] {
  if (!isOlderKernel(host.kernelRelease, 6, 6)) return []
  const message = `Linux ${host.kernelRelease} is older than 6.6: a directory that is removed and made again shows its old entries, and renames of directories fail (EXDEV)`
  return [{ kind: 'kernel', message }]
}
