import { fileURLToPath } from 'node:url'
import { endLeftOver, type IsolateOptions } from '@netns/core/worker'
import type { WorkerGlobalState } from 'vitest'
import { PER_TEST_KEY } from '../names.ts'
import { watchCurrentTest } from './current-test.ts'

const setupFile = fileURLToPath(new URL('../per-test.js', import.meta.url))

/** Before Vitest runs files with this state: `perTest`, and no test runs in what another one left open. */
export function prepareIsolation(state: WorkerGlobalState, perTest: IsolateOptions | null): void {
  watchCurrentTest(state, endLeftOver)
  if (!perTest) return
  Reflect.set(globalThis, PER_TEST_KEY, perTest)
  const { config } = state
  if (!config.setupFiles.includes(setupFile)) config.setupFiles = [setupFile, ...config.setupFiles]
}
