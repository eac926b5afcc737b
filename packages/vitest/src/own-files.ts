import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** Path of a built file of this package, whichever file this code was bundled into. */
export function ownFile(name: string): string {
  const manifest = createRequire(import.meta.url).resolve('vitest-environment-netns/package.json')
  return join(dirname(manifest), 'dist', name)
}
