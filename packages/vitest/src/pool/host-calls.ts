import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ProjectWriter } from '@netns/core/runner'
import type { TestProject } from 'vitest/node'
import type { HostCalls, WorkerSetup } from '../channel/protocol.ts'
import { HostModules } from '../modules/host-modules.ts'
import type { Run } from '../run/run.ts'
import { showModuleCopy, temporaryDirectory } from './module-copies.ts'

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
  const snapshots = new ProjectWriter(snapshotRoots(run, project))
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
      run.attachments.stage(join(temporaryDirectory(project), 'netns'), attachment),
    close: () => modules.close(),
  }
}

/** Vite's allow list holds the workspace root. */
function snapshotRoots({ vitest }: Run, project: TestProject): string[] {
  return [
    ...new Set([project.config.root, vitest.config.root, ...project.vite.config.server.fs.allow]),
  ]
}
