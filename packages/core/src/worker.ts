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
  WrittenFile,
} from './file-sandboxes/types.ts'
export { openScope } from './handles/scope.ts'
export { trackHandles } from './handles/track-handles.ts'
export type { HandleScope, Leak, LeakKind } from './handles/types.ts'
export { isInsideSandbox } from './sandbox-info/sandbox-info.ts'
