import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { TestProject } from 'vitest/node'
import type { WorkerSetup } from '../channel/protocol.ts'
import type { Run } from '../run/run.ts'

/**
 * Vitest hands transformed modules to workers as files. Their directories are bound, not overlaid, for they grow
 * during the run; and at a place of their own, so that a private `/tmp` stays empty.
 */
export function moduleCopyPlaces(run: Run, project: TestProject): WorkerSetup['moduleCopies'] {
  const base = join(project.vite.config.cacheDir, 'netns', 'modules')
  const temporary = temporaryDirectory(project)
  run.provideDirectory(temporary)
  for (const directory of moduleCaches(project)) run.moduleCopies.add(directory)
  // A restart in watch mode removes the directories of the time before.
  const others = [...run.moduleCopies].filter((directory) => existsSync(directory))
  return [temporary, ...others].map((outside, index) => ({
    outside,
    inside: join(base, String(index)),
  }))
}

/**
 * Where the worker finds a module of a directory that it has not: in a copy. Workers that start later have the
 * directory.
 */
export async function showModuleCopy(
  run: Run,
  path: string,
  places: WorkerSetup['moduleCopies'],
): Promise<string> {
  const [place] = places
  if (!place) throw new Error('netns: this worker shares no directory with the runner')
  run.moduleCopies.add(dirname(path))
  const name = join('netns', `${randomUUID()}-${basename(path)}`)
  await mkdir(join(place.outside, 'netns'), { recursive: true })
  await copyFile(path, join(place.outside, name))
  return join(place.inside, name)
}

/** `fsModuleCache`, which is in the workspace's root unless the config says where. */
function moduleCaches({ vitest, config }: TestProject): string[] {
  const own = config.fsModuleCachePath ?? vitest.config.fsModuleCachePath
  const inWorkspace = ancestors(vitest.config.root).map((directory) =>
    join(directory, 'node_modules', '.vitest-cache'),
  )
  return own === undefined ? inWorkspace : [own]
}

function ancestors(directory: string): string[] {
  const parent = dirname(directory)
  return parent === directory ? [directory] : [directory, ...ancestors(parent)]
}

/**
 * Vitest removes it when it closes. Vitest 5 keeps the modules of the root project beside `tmpDir`, in a directory
 * that it does not tell; should it be another one, the copies above still work.
 */
export function temporaryDirectory(project: TestProject): string {
  const shared: unknown = Reflect.get(project.vitest, '_tmpDir')
  return project.isRootProject() && typeof shared === 'string' ? shared : project.tmpDir
}
