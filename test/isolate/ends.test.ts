import { expect, test } from 'vitest'
import { expectToPass } from '../support/isolate-suite.ts'

test('after every failure the process is in its former sandbox, and works', async () => {
  const output = await expectToPass({ files: ['errors'], tests: 16 })
  expect(output.match(/NETNS_OPEN_FILES/g)).toHaveLength(1)
})

test('overlapping sandboxes wait for each other, or are refused; nested ones stand on each other', () =>
  expectToPass({ files: ['overlap'], tests: 11 }))

test('a test that times out in its sandbox does not disturb the next one', () =>
  expectToPass({ files: ['timeout'], tests: 6, failing: 3 }))

test('what is left open is closed and listed', () => expectToPass({ files: ['leaks'], tests: 6 }))
