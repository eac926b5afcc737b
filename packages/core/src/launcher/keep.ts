import { lstatSync, realpathSync, type BigIntStats } from 'node:fs'
import picomatch from 'picomatch'
import { errnoName } from '../errors/errno.ts'
import { NetnsError } from '../errors/netns-error.ts'
import { fsPath } from '../paths/bytes.ts'
import { child, isBelow, isWithin, relativeTo } from '../paths/paths.ts'
import type { SandboxPlan } from '../plan/types.ts'
import type { Channel } from './channel.ts'
import type { ChangeEvent } from './events.ts'
import type { KeepRequest, KeptFile } from './types.ts'

export interface Kept {
  readonly kept: KeptFile[]
  readonly keepFailures: NetnsError[]
}

/** Writes the changed files that match the globs back to the project. */
export async function keepFiles(
  channel: Channel,
  plan: SandboxPlan,
  { projectRoot, globs }: KeepRequest,
): Promise<Kept> {
  const result: Kept = { kept: [], keepFailures: [] }
  const project = realpathSync(projectRoot)
  // A name may hold a newline: without `s` no `**` matches it.
  const isWanted = picomatch([...globs], { dot: true, flags: 's' })
  for (const { id, insidePath } of plan.uppers) {
    if (!isWithin(project, insidePath) && !isWithin(insidePath, project)) continue
    for (const change of await channel.changes(id)) {
      const path = child(insidePath, change.path)
      if (
        !isFile(change) ||
        !isBelow(path, project) ||
        !isWanted(relativeTo(project, path)) ||
        isUnchanged(change, path)
      )
        continue
      await keepFile(channel, project, path, result)
    }
  }
  return result
}

function isFile({ type }: ChangeEvent): boolean {
  return type === 'file' || type === 'symlink'
}

/** A copy that only stands in for the host's file. */
function isUnchanged({ sizeBytes, mtimeNs }: ChangeEvent, path: string): boolean {
  if (mtimeNs === undefined) return false
  const stats = hostStats(path)
  return (
    stats !== undefined && stats.size === BigInt(sizeBytes) && stats.mtimeNs === BigInt(mtimeNs)
  )
}

/** Where the host cannot say (a file stands where inside there is a directory), the write-back itself will. */
function hostStats(path: string): BigIntStats | undefined {
  try {
    return lstatSync(fsPath(path), { bigint: true, throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

async function keepFile(
  channel: Channel,
  project: string,
  path: string,
  { kept, keepFailures }: Kept,
): Promise<void> {
  const answer = await channel.take(path, project, relativeTo(project, path))
  if (answer?.ok) kept.push({ path, sizeBytes: answer.sizeBytes })
  else keepFailures.push(keepError(path, answer))
}

function keepError(path: string, answer: Awaited<ReturnType<Channel['take']>>): NetnsError {
  if (!answer || answer.ok)
    return new NetnsError('NETNS_KEEP_FAILED', { path, detail: `${path}: the launcher is gone` })
  const errno = errnoName(answer.errno)
  const { stage, syscall } = answer
  return new NetnsError('NETNS_KEEP_FAILED', {
    stage,
    syscall,
    errno,
    path,
    detail: `${path}: ${errno}, ${answer.message}`,
  })
}
