import { test } from 'vitest'
import { expectToPass } from '../support/isolate-suite.ts'

const files = ['branches', 'first-write', 'network', 'leaks', 'overlap']
const tests = 107

test('in workers that are used again, the sandboxes of a test stand on the state of its file', () =>
  expectToPass({
    files,
    tests,
    test: { maxWorkers: 1, environmentOptions: { netns: { reuse: true } } },
  }))

test('with isolate: false as well', () =>
  expectToPass({ files, tests, test: { maxWorkers: 1, isolate: false } }))
