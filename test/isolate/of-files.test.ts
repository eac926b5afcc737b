import { test } from 'vitest'
import { expectToPass } from '../support/isolate-suite.ts'

const files = ['branches', 'first-write', 'network', 'leaks', 'overlap']
const tests = 109

test('in workers that are used again, the sandboxes of a test stand on the state of its file', () =>
  expectToPass({
    files,
    tests,
    test: { maxWorkers: 1, environmentOptions: { netns: { reuse: true } } },
  }))

test('with isolate: false as well', () =>
  expectToPass({ files, tests, test: { maxWorkers: 1, isolate: false } }))

test('writes while the launcher builds the next root are seen', () =>
  expectToPass({
    files: ['while-built'],
    tests: 2,
    test: {
      environmentOptions: {
        netns: {
          fs: { private: [`way/${'deep/'.repeat(200)}end`], readonly: ['src/greeting.ts'] },
        },
      },
    },
  }))

test('options of the file hold in its sandboxes', () =>
  expectToPass({
    files: ['narrow'],
    tests: 2,
    test: { environmentOptions: { netns: { fs: narrow } } },
  }))

const narrow = {
  mode: 'readonly',
  writable: ['open'],
  readonly: ['open/fixed'],
  private: ['own'],
  hide: ['launcher.ts'],
  copy: ['copied'],
}
