import { NetnsError, readiness, readListeners } from '@netns/core/runner'
import type {} from 'vitest/config' // gives Vite's plugins the hook of Vitest
import type { Vite, Vitest, VitestPluginContext } from 'vitest/node'
import { scratchHooks } from './modules/scratch.ts'
import { ENVIRONMENT_NAME, POOL_NAME } from './names.ts'
import { checkProjectOptions } from './options/file-options.ts'
import { NetnsPoolWorker } from './pool/netns-worker.ts'
import { stockWorkers } from './pool/stock-workers.ts'
import { Run } from './run/run.ts'
import { summaryReporter } from './run/summary-reporter.ts'

export type { NetnsOptions } from './types.ts'

const reported = new WeakSet<Vitest['config']>()

/**
 * Runs every test file whose environment is `netns` in a sandbox of its own. Files of other environments run as
 * they would without it. Options stand in `test.environmentOptions.netns` ({@link NetnsOptions}).
 *
 * @example
 * // vitest.config.ts
 * export default defineConfig({ plugins: [netns()], test: { environment: 'netns' } })
 *
 * @throws NetnsError `NETNS_OPTIONS_INVALID` for options, `NETNS_POOL_UNSUPPORTED` for the pools `threads`, `vmThreads`
 *   and `vmForks`, both when Vitest starts
 */
// oxlint-disable-next-line import/no-default-export -- as Vite plugins are imported
export default function netns(): Vite.Plugin {
  // Whoever listens now was here before `globalSetup`.
  const listenersBefore = readListeners()
  return {
    name: 'vitest-environment-netns',
    ...scratchHooks,
    async configureVitest({ vitest, project }) {
      checkProjectOptions(project)
      if (!takesOver(project)) return
      const createStockWorker = await stockWorkers(vitest, project.config.poolRunner)
      const run = Run.of(vitest)
      run.add(project, { listenersBefore: await listenersBefore, createStockWorker })
      addReporters(run)
      // Needed at the first worker's start; until then it costs no time.
      if (project.config.environment === ENVIRONMENT_NAME) void readiness()
      project.config.pool = POOL_NAME
      project.config.poolRunner = {
        name: POOL_NAME,
        createPoolWorker: (options) =>
          options.environment.name === ENVIRONMENT_NAME
            ? new NetnsPoolWorker(run, options)
            : createStockWorker(options),
      }
    },
  }
}

/** Files of a pool that shares a process between files stay with it; `netns` files among them fail with the reason. */
function takesOver({ config }: VitestPluginContext['project']): boolean {
  if (config.browser.enabled) return false
  if (config.pool === 'forks' || config.poolRunner) return true
  if (config.environment !== ENVIRONMENT_NAME) return false
  throw new NetnsError('NETNS_POOL_UNSUPPORTED', { detail: `test.pool is '${config.pool}'` })
}

/** A restart in watch mode makes a new config, and new reporters from it. */
function addReporters(run: Run): void {
  const { config } = run.vitest
  if (reported.has(config)) return
  reported.add(config)
  config.reporters = [run.attachments.reporter(), ...config.reporters, summaryReporter(run)]
  run.vitest.onClose(() => run.settled())
}
