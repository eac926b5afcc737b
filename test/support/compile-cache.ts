import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { VitestProject } from './vitest-project.ts'

/** What workers compiled. Node 20 has no such cache. */
export function cacheOf(project: VitestProject): string[] {
  const files = readdirSync(project.path('node_modules'), { recursive: true, withFileTypes: true })
  return files
    .filter((file) => file.isFile() && file.parentPath.includes('/netns/compile-cache/'))
    .map(({ parentPath, name }) => join(parentPath, name))
    .toSorted()
}

export async function succeed(project: VitestProject): Promise<void> {
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
}
