import process from 'node:process'
import {
  filterEnv,
  HOST_NAMESPACES_VARIABLE,
  hostNamespaces,
  type ResolvedOptions,
} from '@netns/core/runner'
import { WORKER_VARIABLE, type WorkerSetup } from '../protocol.ts'

/** What Jest sets, and what says how workers are to be run: no option takes these away. */
const jestsOwn = ['NODE_ENV', 'JEST_JASMINE', 'NODE_DISABLE_COMPILE_CACHE']

/** The environment of a worker: what jest-worker would give it, as far as `env` lets it pass. */
export function workerEnv(
  options: ResolvedOptions['env'],
  workerId: number,
  colorEnv: Readonly<Record<string, string>>,
  setup: Omit<WorkerSetup, 'hidesCompileCache'>,
  compileCacheFor: (env: Readonly<Record<string, string>>) => string | null = () => null,
): Record<string, string> {
  const own = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && jestsOwn.includes(entry[0]),
  )
  const env = {
    ...filterEnv(process.env, { allow: options.allow, set: {} }),
    ...Object.fromEntries(own),
    JEST_WORKER_ID: String(workerId + 1),
    ...colorEnv,
    ...options.set,
    ...(setup.sandboxed ? { [HOST_NAMESPACES_VARIABLE]: hostNamespaces() } : {}),
  }
  const compileCache = compileCacheFor(env)
  const whole: WorkerSetup = { ...setup, hidesCompileCache: compileCache !== null }
  return {
    ...env,
    ...(compileCache === null ? {} : { NODE_COMPILE_CACHE: compileCache }),
    [WORKER_VARIABLE]: JSON.stringify(whole),
  }
}
