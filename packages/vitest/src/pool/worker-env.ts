import {
  filterEnv,
  HOST_NAMESPACES_VARIABLE,
  hostNamespaces,
  type ResolvedOptions,
} from '@netns/core/runner'
import { WORKER_VARIABLE, type WorkerSetup } from '../channel/protocol.ts'

type Env = Readonly<Record<string, string | undefined>>

/** What Vitest sets for its workers, and what says how they are to be run: no option takes these away. */
const vitestsOwn = [
  'TEST',
  'VITEST',
  'VITEST_MODE',
  'NODE_ENV',
  'FORCE_TTY',
  'NODE_DISABLE_COMPILE_CACHE',
]

/**
 * The environment of a worker. `env` filters what the runner inherited; what Vitest and `test.env` add stays.
 */
export function workerEnv(env: Env, options: ResolvedOptions['env'], setup: WorkerSetup): Env {
  const inherited = filterEnv(env, options)
  const added = Object.entries(env).filter(
    ([name, value]) => vitestsOwn.includes(name) || value !== process.env[name],
  )
  return {
    ...inherited,
    ...Object.fromEntries(added),
    ...options.set,
    ...(setup.sandboxed ? { [HOST_NAMESPACES_VARIABLE]: hostNamespaces() } : {}),
    // From Node's first module on; the entry takes the variable away before tests could see it.
    ...(setup.compileCache === null ? {} : { NODE_COMPILE_CACHE: setup.compileCache }),
    [WORKER_VARIABLE]: JSON.stringify(setup),
  }
}
