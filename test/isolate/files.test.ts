import { test } from 'vitest'
import { expectToPass } from '../support/isolate-suite.ts'

test('what beforeAll wrote is there in every test, and what a test did to it is gone in the next', () =>
  expectToPass({ files: ['branches', 'first-write'], tests: 82 }))

test('changes() lists what was created, modified and deleted', () =>
  expectToPass({ files: ['changes'], tests: 53 }))

test('checkpoint() and restore() go to any state that was frozen', () =>
  expectToPass({ files: ['checkpoints'], tests: 8 }))

test(
  'as many checkpoints stand on each other as the kernel takes layers',
  { timeout: 120_000 },
  async () => {
    await expectToPass({ files: ['layers'], tests: 1 })
  },
)
