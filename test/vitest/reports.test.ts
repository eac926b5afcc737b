import { expect, test } from 'vitest'
import { plainAndIsolated, vitestMajor } from '../support/vitest-project.ts'
import { runWithReports } from '../support/vitest-reports.ts'

const sequential = { fileParallelism: false }

test('json and junit reports are those of plain Vitest, whatever the tests do', async () => {
  const { plain, isolated } = plainAndIsolated({ fixture: 'outcomes', test: sequential })
  const expected = await runWithReports(plain)
  const seen = await runWithReports(isolated)
  expect(seen.json).toEqual(expected.json)
  expect(seen.junit).toBe(expected.junit)
  expect(seen.unhandled).toEqual(expected.unhandled)
  expect(seen.exitCode).toBe(1)
  expect(expected.exitCode).toBe(1)
})

test('a worker that dies is reported as plain Vitest reports it, and the other files run', async () => {
  const { plain, isolated } = plainAndIsolated({
    fixture: 'crashes',
    test: { ...sequential, execArgv: ['--max-old-space-size=64'] },
  })
  const expected = await runWithReports(plain)
  const seen = await runWithReports(isolated)
  expect(seen.unhandled).toEqual(expected.unhandled)
  expect(seen.json).toEqual(expected.json)
  expect(seen.exitCode).toBe(1)
  const causes = JSON.stringify(seen.unhandled)
  expect(causes).toContain('Worker exited unexpectedly')
  // Vitest 4 does not say how.
  if (vitestMajor >= 5) {
    for (const how of ['exit code 7', 'signal SIGABRT', 'signal SIGKILL']) {
      expect(causes).toContain(how)
    }
  }
})

test.for([
  ['--bail=1'],
  ['-t', 'passes'],
  ['--shard=2/3'],
  ['--retry=1'],
  ['--passWithNoTests', '--testNamePattern=there is no such test'],
  ['--allowOnly=false', '--dangerouslyIgnoreUnhandledErrors'],
])('%j has the result of plain Vitest', async (args) => {
  const { plain, isolated } = plainAndIsolated({ fixture: 'outcomes', test: sequential })
  const expected = await runWithReports(plain, args)
  const seen = await runWithReports(isolated, args)
  expect(seen.json).toEqual(expected.json)
  expect(seen.unhandled).toEqual(expected.unhandled)
  expect(seen.exitCode).toBe(expected.exitCode)
})
