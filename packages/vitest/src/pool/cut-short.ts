import type { TestProject } from 'vitest/node'

/**
 * Notes that files were running when their process ended. Vitest's worker tells so itself, but not within 100 ms of what it
 * told of the file before it, and Vitest 4 counts a file without a state as passed.
 */
export function noteCutShort(project: TestProject, paths: readonly string[]): void {
  const { state } = project.vitest
  for (const file of state.getFiles([...paths])) {
    const isCollected = file.mode === 'run'
    if (file.projectName === project.name && isCollected) file.result ??= { state: 'run' }
  }
}
