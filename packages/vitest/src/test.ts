import { isolateTest, type IsolatedSandbox } from '@netns/core/worker'
import { test as base } from 'vitest'

export type { IsolatedSandbox } from '@netns/core/worker'

/**
 * Vitest's `test` in an `isolate()` of its own, with `sandbox` in its context. `beforeEach` and `afterEach` hooks run
 * inside, `beforeAll` outside.
 *
 * @example
 * import { test } from 'vitest-environment-netns/test'
 * test('initialises', async ({ sandbox }) => {
 *   const { exitCode } = await sandbox.run('git', ['init'], { cwd: sandbox.dir })
 *   expect(exitCode).toBe(0)
 * })
 *
 * @throws NetnsError as `isolate()` does
 */
export const test = base.extend<{ sandbox: IsolatedSandbox }>({
  sandbox: [
    // oxlint-disable-next-line no-empty-pattern -- Vitest reads the fixtures that this one uses from the pattern
    async ({}, use) => {
      await isolateTest((sandbox) => use(sandbox))
    },
    { auto: true },
  ],
})

export const it = test
