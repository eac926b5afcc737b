import { randomUUID } from 'node:crypto'
import { chmod, mkdir, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { NetnsError } from '../errors/netns-error.ts'
import type { Kept } from '../launcher/keep.ts'
import { fsPath } from '../paths/bytes.ts'
import { isBelow, isWithin } from '../paths/paths.ts'
import type { WrittenFile } from './types.ts'

/**
 * Writes the files that a re-used worker handed over, on the host, below the project's root only: beside, then renamed.
 *
 * @param projectRoot `null` where nothing was asked for
 */
export async function writeKeptFiles(
  projectRoot: string | null,
  files: readonly WrittenFile[],
): Promise<Kept> {
  const result: Kept = { kept: [], keepFailures: [] }
  if (projectRoot === null || files.length === 0) return result
  const project = await realpath(projectRoot)
  for (const file of files) {
    try {
      await writeKept(project, file)
      result.kept.push({ path: file.path, sizeBytes: file.content.length })
    } catch (cause) {
      result.keepFailures.push(keepFailure(file, cause as NodeJS.ErrnoException))
    }
  }
  return result
}

async function writeKept(project: string, { path, content, mode }: WrittenFile): Promise<void> {
  if (!isBelow(path, project)) throw new Error(`is not below ${project}`)
  // A link on the way must not lead out of the project.
  const existing = await existingAncestor(dirname(path))
  if (!isWithin(existing, project)) throw new Error(`${existing} is not below ${project}`)
  await mkdir(fsPath(dirname(path)), { recursive: true })
  const beside = fsPath(join(dirname(path), `.netns.${randomUUID()}`))
  try {
    await writeFile(beside, content)
    await chmod(beside, mode)
    await rename(beside, fsPath(path))
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
}

/** Without symbolic links. */
async function existingAncestor(path: string): Promise<string> {
  try {
    return await realpath(fsPath(path))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return existingAncestor(dirname(path))
  }
}

function keepFailure({ path }: WrittenFile, cause: NodeJS.ErrnoException): NetnsError {
  const { code, syscall } = cause
  return new NetnsError('NETNS_KEEP_FAILED', {
    path,
    cause,
    detail: `${path}: ${cause.message}`,
    ...(code === undefined ? {} : { errno: code }),
    ...(syscall === undefined ? {} : { syscall }),
  })
}
