import { posix } from 'node:path'

/** `path` is `directory` or lies below it. Both absolute and normal. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || isBelow(path, directory)
}

/** `path` lies strictly below `directory`. */
export function isBelow(path: string, directory: string): boolean {
  return path !== directory && path.startsWith(directory === '/' ? '/' : `${directory}/`)
}

/** `path` relative to a directory that contains it. */
export function relativeTo(directory: string, path: string): string {
  return directory === '/' ? path.slice(1) : path.slice(directory.length + 1)
}

export function child(directory: string, name: string): string {
  return directory === '/' ? `/${name}` : `${directory}/${name}`
}

/** The paths between a directory (left out) and a path below it (included), outermost first. */
export function chain(directory: string, path: string): string[] {
  const names = relativeTo(directory, path).split('/')
  return names.map((_, index) => child(directory, names.slice(0, index + 1).join('/')))
}

/** Absolute and without `.`, `..`, double or trailing slashes. */
export function normalize(path: string): string {
  const normal = posix.normalize(path)
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal
}

export function parentOf(path: string): string {
  return posix.dirname(path)
}

export function nameOf(path: string): string {
  return posix.basename(path)
}
