import { availableParallelism } from 'node:os'
import { configDefaults, type TestProjectInlineConfiguration } from 'vitest/config'

const endToEnd = 'test/**/*.test.ts'
/** Tests that look at the whole machine (left processes, mounts, time taken) run one at a time. */
const alone = 'test/**/*.alone.test.ts'
const notOurs = [...configDefaults.exclude, 'test/fixtures/**', 'test/versions/**', '**/dist/**']

/** Vitest 4 and later do not read this file: vitest.config.ts hands it over as `test.projects`. */
export const projects: TestProjectInlineConfiguration[] = [
  {
    test: {
      name: 'unit',
      include: ['packages/*/src/**/*.test.ts', 'scripts/**/*.test.mjs'],
      exclude: notOurs,
      sequence: { groupOrder: 0 },
    },
  },
  {
    test: {
      name: 'e2e',
      include: [endToEnd],
      exclude: [...notOurs, alone],
      // Each test starts whole Vitest runs, which take the other cores.
      maxWorkers: Math.max(2, Math.floor(availableParallelism() / 2)),
      testTimeout: 60_000,
      hookTimeout: 60_000,
      sequence: { groupOrder: 1 },
    },
  },
  {
    test: {
      name: 'alone',
      include: [alone],
      exclude: notOurs,
      fileParallelism: false,
      testTimeout: 120_000,
      hookTimeout: 60_000,
      sequence: { groupOrder: 2 },
    },
  },
]
