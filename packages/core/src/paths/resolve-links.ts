import type { HostFiles } from '../host/types.ts'
import { child, normalize, parentOf } from './paths.ts'

/** As path_resolution(7) limits it. */
const MAX_LINKS = 40

/** A host path with every symbolic link followed; names that do not exist are kept as they are. */
export function resolveLinks(files: HostFiles, path: string): string {
  let links = 0
  let done = '/'
  const todo = normalize(path).split('/').filter(Boolean)
  for (let name = todo.shift(); name !== undefined; name = todo.shift()) {
    if (name === '.') continue
    if (name === '..') {
      done = parentOf(done)
      continue
    }
    const next = child(done, name)
    const target = files.node(next)?.target
    if (target === undefined || ++links > MAX_LINKS) {
      done = next
      continue
    }
    if (target.startsWith('/')) done = '/'
    todo.unshift(...target.split('/').filter(Boolean))
  }
  return done
}
