import { isMainThread } from 'node:worker_threads'
import { isInsideSandbox, NetnsError, type NetnsOptions } from '@netns/core'
import type { Environment } from 'vitest/runtime'
import { ENVIRONMENT_NAME } from './names.ts'

export type { NetnsOptions } from './types.ts'
export { isolate } from '@netns/core/worker'
export type {
  Change,
  Checkpoint,
  ChildCapability,
  ChildOptions,
  EntryKind,
  IsolatedSandbox,
  IsolateEnd,
  IsolateFsOptions,
  IsolateOptions,
  Leak,
  LeakKind,
  OpenFile,
  RunOptions,
  RunResult,
} from '@netns/core/worker'

/**
 * `environment: 'netns'`. The plugin's workers load Vitest's own environments inside their sandboxes, so this module
 * is loaded only where something else is to give the sandbox. It never pretends that there is one.
 *
 * @throws NetnsError `NETNS_NOT_IN_SANDBOX` without the plugin, `NETNS_POOL_UNSUPPORTED` in the pools `threads`,
 *   `vmThreads` and `vmForks`
 */
const environment: Environment = {
  name: ENVIRONMENT_NAME,
  viteEnvironment: 'ssr',
  async setup(global, options) {
    if (!isInsideSandbox()) throw notIsolated(isMainThread ? undefined : 'threads')
    const base = await baseEnvironment((options as { netns?: NetnsOptions }).netns?.base)
    environment.viteEnvironment = base.viteEnvironment ?? base.name
    return base.setup(global, options)
  },
  setupVM() {
    throw notIsolated(isMainThread ? 'vmForks' : 'vmThreads')
  },
}

function notIsolated(pool: string | undefined): NetnsError {
  if (pool === undefined) return new NetnsError('NETNS_NOT_IN_SANDBOX')
  return new NetnsError('NETNS_POOL_UNSUPPORTED', {
    detail: `this file runs in the pool '${pool}'`,
  })
}

async function baseEnvironment(name: NetnsOptions['base'] = 'node'): Promise<Environment> {
  const { builtinEnvironments } = await import('vitest/runtime')
  return builtinEnvironments[name]
}

// oxlint-disable-next-line import/no-default-export -- Vitest takes an environment's default export
export default environment
