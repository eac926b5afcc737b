import { lstatSync, readFileSync } from 'node:fs'
import picomatch from 'picomatch'
import { parseChanges } from '../isolate/changes.ts'
import { fsPath } from '../paths/bytes.ts'
import { isBelow, relativeTo } from '../paths/paths.ts'
import type { KeepGlobs, WrittenFile } from './types.ts'

/** Of PID 1's list of changes, the files that are to be kept, as they are now. */
export function writtenFiles(changes: string, { projectRoot, globs }: KeepGlobs): WrittenFile[] {
  // A name may hold a newline: without `s` no `**` matches it.
  const isWanted = picomatch([...globs], { dot: true, flags: 's' })
  return parseChanges(changes)
    .filter(({ type, kind }) => type !== 'deleted' && kind === 'file')
    .filter(({ path }) => isBelow(path, projectRoot) && isWanted(relativeTo(projectRoot, path)))
    .map(({ path }) => ({
      path,
      content: readFileSync(fsPath(path)),
      mode: lstatSync(fsPath(path)).mode & 0o777,
    }))
}
