import { accessSync, constants } from 'node:fs'
import { resolve } from 'node:path'

export interface CompileCache {
  /** Written through. `null` where there is no cache. */
  readonly directory: string | null
  /** The user did not set one: workers have it without a variable that tests would see. */
  readonly ours: boolean
}

/**
 * Node's compile cache for workers: most of a short worker's start is compiling the same modules again.
 *
 * @param place the directory where the user has set none
 * @param env that of the worker: `NODE_COMPILE_CACHE`, `NODE_DISABLE_COMPILE_CACHE`
 * @param provide makes the directory; says whether it is there
 */
export function findCompileCache(
  place: string,
  env: Readonly<Record<string, string | undefined>>,
  provide: (directory: string) => boolean,
): CompileCache {
  const users = env['NODE_COMPILE_CACHE']
  const ours = users === undefined || users === ''
  const directory = ours ? place : resolve(users)
  const usable = !env['NODE_DISABLE_COMPILE_CACHE'] && provide(directory) && isWritable(directory)
  return { directory: usable ? directory : null, ours }
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK)
    return true
  } catch {
    return false
  }
}
