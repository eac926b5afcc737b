import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bin, root } from './paths.mjs'
import { run, toolEnv } from './process.mjs'
import { mustWork } from './results.mjs'

/**
 * @typedef {object} TestPart
 * @property {string} name
 * @property {string[]} args of the test runner
 * @property {string} [cwd] default: the repository
 * @property {NodeJS.ProcessEnv} [env] added to the environment
 *
 * The part of the JSON report that is read here; Vitest writes it as Jest does:
 * @typedef {object} JsonReport
 * @property {{ name: string, status: string, message?: string,
 *   assertionResults: { status: string, fullName: string }[] }[]} testResults
 */

/** A part that hangs must not take the time of all others. */
const limitMs = 20 * 60_000

/**
 * Runs Vitest and counts its tests from the JSON report.
 *
 * @param {TestPart} part
 */
export function runVitest(part) {
  return runReported(part, 'vitest', (reportFile) => [
    'run',
    '--reporter=dot',
    '--reporter=json',
    `--outputFile.json=${reportFile}`,
  ])
}

/**
 * The same with Jest.
 *
 * @param {TestPart} part
 */
export function runJest(part) {
  return runReported(part, 'jest', (reportFile) => ['--json', `--outputFile=${reportFile}`])
}

/**
 * @param {TestPart} part
 * @param {string} command
 * @param {(reportFile: string) => string[]} reportArgs
 * @returns {Promise<import('./results.mjs').PartResult>}
 */
async function runReported({ name, args, cwd = root, env = {} }, command, reportArgs) {
  const folder = mkdtempSync(join(tmpdir(), 'netns-report-'))
  const reportFile = join(folder, 'report.json')
  try {
    const result = await run(bin(command), [...reportArgs(reportFile), ...args], {
      cwd,
      env: toolEnv(env),
      limitMs,
    })
    return toPartResult(name, result, readReport(reportFile))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * A run without a single test, a crash, and a file that could not be loaded are failures, although
 * the report names no failed test.
 *
 * @param {string} name
 * @param {import('./process.mjs').RunResult} run
 * @param {JsonReport | undefined} report
 * @param {boolean} [refusesSkipped] a skipped test is a failure
 * @returns {import('./results.mjs').PartResult}
 */
export function toPartResult(name, run, report, refusesSkipped = mustWork) {
  const { ok, ending, output, durationMs } = run
  const counts = countTests(report, refusesSkipped)
  const notes = counts.notes
  if (counts.passed + counts.failed === 0) notes.push('No test ran.')
  if (!ok && counts.failed === 0) notes.push(`The test runner ended with ${ending}.`)
  if (notes.length > 0 && counts.failed === 0) counts.failed = 1
  const { passed, failed, skipped } = counts
  return { name, passed, failed, skipped, durationMs, output: [output, ...notes].join('\n') }
}

/**
 * @param {JsonReport | undefined} report
 * @param {boolean} refusesSkipped
 */
function countTests(report, refusesSkipped) {
  const counts = { passed: 0, failed: 0, skipped: 0, notes: /** @type {string[]} */ ([]) }
  for (const { status, assertionResults } of report?.testResults ?? []) {
    const skipped = assertionResults.filter((test) => !['passed', 'failed'].includes(test.status))
    const failed = assertionResults.filter((test) => test.status === 'failed').length
    counts.passed += assertionResults.length - failed - skipped.length
    counts.failed += failed > 0 || status !== 'failed' ? failed : 1
    // In a failed file tests are skipped because of the failure, which is counted.
    if (status === 'failed' || !refusesSkipped) counts.skipped += skipped.length
    else refuseSkipped(skipped, counts)
  }
  return counts
}

/**
 * @param {{ status: string, fullName: string }[]} skipped
 * @param {ReturnType<typeof countTests>} counts
 */
function refuseSkipped(skipped, counts) {
  const todo = skipped.filter(({ status }) => status === 'todo')
  counts.skipped += todo.length
  counts.failed += skipped.length - todo.length
  for (const { fullName } of skipped.filter((test) => !todo.includes(test))) {
    counts.notes.push(`Skipped, where NETNS_MUST_WORK=1 allows no skipped test: ${fullName}`)
  }
}

/**
 * @param {string} path
 * @returns {JsonReport | undefined}
 */
function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
