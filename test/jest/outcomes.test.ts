import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import {
  isolations,
  plainAndIsolated,
  type JestProject,
  type JestReport,
} from '../support/jest-project.ts'

/** What is the same however the files were run: neither times, nor pids, nor the order in which files ended. */
function comparable(project: JestProject, { testResults, ...report }: JestReport): object {
  const clean = (text: string): string =>
    stripVTControlCharacters(text)
      .replaceAll(project.directory, '<project>')
      .replaceAll(/pid=\d+/g, 'pid=?')
      .replaceAll(/\((\d+ ms|[\d.]+ s)\)/g, '')
      .replaceAll(/\n\s+at .*/g, '')
  return {
    success: report.success,
    numTotalTests: report.numTotalTests,
    snapshot: report.snapshot,
    testResults: testResults
      .map(({ name, status, message, assertionResults }) => ({
        name: clean(name),
        status,
        message: clean(message),
        assertionResults: assertionResults.map(({ fullName, status, failureMessages }) => ({
          fullName,
          status,
          failureMessages: failureMessages.map(clean),
        })),
      }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  }
}

describe.each(isolations)('isolation: %s', (isolation) => {
  test('--json says what plain Jest says: failures, hooks, mocks, retries, fake timers, broken files', async () => {
    const { plain, isolated } = plainAndIsolated({ fixture: 'outcomes', netns: { isolation } })
    const [one, other] = await Promise.all([plain.report(), isolated.report()])
    expect(comparable(isolated, other.report)).toEqual(comparable(plain, one.report))
    expect(other.result.exitCode).toBe(one.result.exitCode)
    expect(other.report.numTotalTests).toBeGreaterThan(10)
  })

  test('a worker that is killed or exits fails its file as in plain Jest, and no other', async () => {
    const args = ['--testPathIgnorePatterns=memory']
    const { plain, isolated } = plainAndIsolated({ fixture: 'crashes', netns: { isolation } })
    const [one, other] = await Promise.all([plain.report(args), isolated.report(args)])
    expect(comparable(isolated, other.report)).toEqual(comparable(plain, one.report))
    expect(statusOf(other.report, 'fine')).toBe('passed')
  })
})

test('a test that runs out of memory fails its file', async () => {
  const { plain, isolated } = plainAndIsolated({ fixture: 'crashes' })
  const env = { NODE_OPTIONS: '--max-old-space-size=64' }
  const args = ['fine', 'memory']
  const [one, other] = await Promise.all([plain.run(args, env), isolated.run(args, env)])
  // Jest either sees why, or the signal that it sent itself then.
  const told = /Jest worker ran out of memory and crashed|was terminated by another process/
  expect(one.output).toMatch(told)
  expect(other.output).toMatch(told)
  expect(other.exitCode).toBe(one.exitCode)
})

test('standard output is JSON and nothing else with --json', async () => {
  const { isolated } = plainAndIsolated({ fixture: 'coverage' })
  const { stdout, stderr } = await isolated.run(['--json'])
  expect(JSON.parse(stdout)).toMatchObject({ success: true })
  expect(stderr).toContain('Isolated')
})

test.each([['--bail'], ['--shard=1/2'], ['--shard=2/2'], ['-t', 'passes']])(
  '%s runs the files that plain Jest runs',
  async (...args) => {
    const { plain, isolated } = plainAndIsolated({
      fixture: 'outcomes',
      config: { maxWorkers: 1 },
    })
    const [one, other] = await Promise.all([plain.run(args), isolated.run(args)])
    expect(summaryOf(other.output)).toEqual(summaryOf(one.output))
    expect(other.exitCode).toBe(one.exitCode)
  },
)

function statusOf({ testResults }: JestReport, name: string): string | undefined {
  return testResults.find((file) => file.name.endsWith(`${name}.test.js`))?.status
}

function summaryOf(output: string): string[] {
  return output.match(/^(?:Test Suites|Tests|Snapshots):.*$/gm) ?? []
}
