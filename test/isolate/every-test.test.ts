import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { expectToPass } from '../support/isolate-suite.ts'
import { VitestProject } from '../support/vitest-project.ts'

test("the exported test runs in a sandbox of its own, with the file's hooks", async () => {
  const output = await expectToPass({ files: ['fixture'], tests: 5 })
  expect(output).toContain('server on [::]:99')
})

test('perTest runs every test with its hooks in a sandbox of its own', async () => {
  const project = new VitestProject({
    fixture: 'isolate',
    test: { environmentOptions: { netns: { perTest: true, fs: { keep: ['kept/**'] } } } },
  })
  const { output, exitCode } = await project.run(['per-test.test.ts'])
  expect(exitCode, output).toBe(0)
  expect(output).toContain('Tests  8 passed | 1 expected fail (9)')
  expect(output).toContain('× isolate(), entered in')
  expect(readFileSync(join(project.directory, 'kept/report.txt'), 'utf8')).toBe('from a test')
})

test('perTest takes options of isolate(), and says which are wrong', async () => {
  const wrong = new VitestProject({
    fixture: 'isolate',
    test: { environmentOptions: { netns: { perTest: { nett: 'inherit' } } } },
  })
  const { output, exitCode } = await wrong.run(['per-test.test.ts'])
  expect(exitCode).toBe(1)
  expect(output).toContain('netns.perTest.nett: unknown option, did you mean "net"?')
})
