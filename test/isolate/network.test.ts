import { test } from 'vitest'
import { expectToPass } from '../support/isolate-suite.ts'

test('each sandbox has a network of its own, or that of the file, or none', () =>
  expectToPass({ files: ['network'], tests: 10 }))

test('services of the run answer in fresh networks', () =>
  expectToPass({ files: ['services'], tests: 2, test: { globalSetup: './global-setup.mjs' } }))

test("net: 'host' of the file is the network of its sandboxes, too", () =>
  expectToPass({
    files: ['on-host'],
    tests: 1,
    test: {
      globalSetup: './global-setup.mjs',
      environmentOptions: { netns: { net: 'host' } },
    },
  }))
