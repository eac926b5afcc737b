import { expect, test } from 'vitest'
import { expectToPass } from '../support/isolate-suite.ts'

test('every way of Node to files, network, threads and modules sees the state of the sandbox, and the old one afterwards', () =>
  expectToPass({ files: ['ways'], tests: 15 }))

test('what beforeAll started lives on, and what a test started ends', async () => {
  const output = await expectToPass({ files: ['process'], tests: 6 })
  expect(output).toContain('NETNS_OPEN_FILES')
})

test('sandbox.run and sandbox.spawn: results, time limits, capabilities for the own network only', () =>
  expectToPass({ files: ['children'], tests: 9 }))

test('threads that begin and end while a sandbox is entered are no reason to wait, and none is left behind', () =>
  expectToPass({ files: ['threads'], tests: 1 }))
