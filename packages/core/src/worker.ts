/*
 * What code inside a sandbox needs, without what plans and starts one: a worker waits for every module that it loads.
 */
export { NetnsError } from './errors/netns-error.ts'
export { mergeOptions } from './options/merge-options.ts'
export { openFileSandboxes } from './file-sandboxes/open.ts'
export type {
  FileSandboxEnd,
  FileSandboxes,
  FileSandboxRequest,
  KeepGlobs,
  WrittenFile,
} from './file-sandboxes/types.ts'
export { isDispatcher } from './handles/dispatcher.ts'
export { openScope } from './handles/scope.ts'
export { trackHandles } from './handles/track-handles.ts'
export type { HandleScope, Leak, LeakKind } from './handles/types.ts'
export {
  setWorkerPlace,
  takeControl,
  workerPlace,
  type TestOwner,
  type WorkerPlace,
} from './control/worker-place.ts'
export { endLeftOver, isolate, isolateTest } from './isolate/isolate.ts'
export type { Change, EntryKind } from './isolate/changes.ts'
export type { ChildCapability, ChildOptions, RunOptions, RunResult } from './isolate/children.ts'
export type { OpenFile } from './isolate/open-files.ts'
export type {
  Checkpoint,
  IsolatedSandbox,
  IsolateEnd,
  IsolateFsOptions,
  IsolateOptions,
} from './isolate/types.ts'
export { isInsideSandbox } from './sandbox-info/sandbox-info.ts'
