import { join } from 'node:path'
import type { ResolvedConfig } from 'vitest/node'
import type { InsideModule } from '../channel/protocol.ts'

/** What Vitest transforms in packages too. */
const alwaysInline = [/virtual:/, /\.[mc]?ts$/, /[?&](?:init|raw|url|inline)\b/]
const alwaysExternal = [/\/node_modules\/.*\.cjs\.js$/, /\/node_modules\/.*\.mjs$/]

/**
 * Whether Node loads the module itself, inside. Vitest's rule (`VitestResolver`), which reads the file and
 * the package around it from the host and so cannot be asked.
 */
export function isExternal({ id, native }: InsideModule, config: ResolvedConfig): boolean {
  const directories = config.deps.moduleDirectories ?? ['/node_modules/']
  const { inline, external } = config.server.deps ?? {}
  if (matches(id, directories, inline)) return false
  if (matches(id, directories, external)) return true
  if (matches(id, directories, alwaysInline)) return false
  if (matches(id, directories, alwaysExternal)) return true
  return native && directories.some((directory) => id.includes(directory))
}

function matches(
  id: string,
  directories: readonly string[],
  patterns: readonly (string | RegExp)[] | true | undefined,
): boolean {
  if (patterns === undefined) return false
  if (patterns === true) return true
  return patterns.some((pattern) =>
    typeof pattern === 'string'
      ? directories.some((directory) => id.includes(join(directory, pattern)))
      : pattern.test(id),
  )
}
