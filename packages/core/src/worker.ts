/*
 * What a test runner's worker needs of core. Every worker's start waits for its imports, so the options' schema, the plans
 * and the launcher stay out.
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
export { isInsideSandbox } from './sandbox-info/sandbox-info.ts'
