import { copyFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { randomUUID } from 'node:crypto'
import type { TestProject } from 'vitest/node'
import type { HostCalls, WorkerSetup } from '../channel/protocol.ts'
import { HostModules } from '../modules/host-modules.ts'
import type { Run } from '../run/run.ts'
import { HostSnapshots } from '../snapshots/host-snapshots.ts'
import { ownCopies } from './worker-plan.ts'

/** What the runner does for one worker. */
export interface WorkerCalls extends HostCalls {
  close(): Promise<void>
}

export function hostCalls(
  run: Run,
  project: TestProject,
  moduleCopies: WorkerSetup['moduleCopies'],
): WorkerCalls {
  const modules = new HostModules(project)
  const snapshots = new HostSnapshots(snapshotRoots(run, project))
  return {
    loadModule: (module) => modules.load(module),
    fileExists: (path) =>
      stat(path).then(
        () => true,
        () => false,
      ),
    showModuleCopy: (path) => showModuleCopy(run, path, moduleCopies),
    saveSnapshot: (snapshot) => snapshots.save(snapshot),
    removeSnapshot: (path) => snapshots.remove(path),
    prepareDirectory: (path) => snapshots.prepareDirectory(path),
    stageAttachment: (attachment) =>
      run.attachments.stage(join(ownCopies(run, project), 'attachments'), attachment),
    close: () => modules.close(),
  }
}

/** Vite's allow list begins with the workspace root. */
function snapshotRoots({ vitest }: Run, project: TestProject): string[] {
  return [
    ...new Set([project.config.root, vitest.config.root, ...project.vite.config.server.fs.allow]),
  ]
}

/** Later workers get the directory itself; this one, which has it not, gets a copy. */
async function showModuleCopy(
  run: Run,
  path: string,
  [own]: WorkerSetup['moduleCopies'],
): Promise<string> {
  if (!own) throw new Error('netns: this worker shares no directory with the runner')
  run.moduleCopies.add(dirname(path))
  const name = `${randomUUID()}-${basename(path)}`
  await copyFile(path, join(own.outside, name))
  return join(own.inside, name)
}
