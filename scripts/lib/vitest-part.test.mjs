import { expect, test } from 'vitest'
import { renderCounts, sum } from './results.mjs'
import { toPartResult } from './vitest-part.mjs'

/** @param {boolean} ok */
const ended = (ok) => ({
  ok,
  ending: ok ? 'exit code 0' : 'exit code 1',
  output: '',
  durationMs: 1,
})

/** @param {string[]} statuses of the tests of one file */
function report(statuses, status = 'passed') {
  const assertionResults = statuses.map((each) => ({ status: each, fullName: each }))
  return { testResults: [{ name: 'a.test.ts', status, assertionResults }] }
}

test('passed and failed tests are counted', () => {
  const result = toPartResult(
    'unit',
    ended(false),
    report(['passed', 'passed', 'failed'], 'failed'),
  )
  expect(result).toMatchObject({ passed: 2, failed: 1, skipped: 0 })
})

test('a file that could not be loaded is a failure', () => {
  expect(toPartResult('unit', ended(false), report([], 'failed'))).toMatchObject({ failed: 1 })
})

test.for([
  ['without a report', undefined],
  ['without any test', { testResults: [] }],
])('a run %s is a failure', ([, written]) => {
  const result = toPartResult('unit', ended(true), /** @type {any} */ (written))
  expect(result).toMatchObject({ passed: 0, failed: 1 })
  expect(result.output).toContain('No test ran.')
})

test('an error outside of every test is a failure', () => {
  const result = toPartResult('unit', ended(false), report(['passed']))
  expect(result).toMatchObject({ passed: 1, failed: 1 })
  expect(result.output).toContain('The test runner ended with exit code 1.')
})

test('a skipped test is a failure where nothing may be skipped, unless a failure is why', () => {
  const mixed = report(['passed', 'pending', 'todo'])
  expect(toPartResult('', ended(true), mixed, false)).toMatchObject({ failed: 0, skipped: 2 })
  expect(toPartResult('', ended(true), mixed, true)).toMatchObject({ failed: 1, skipped: 1 })
  const broken = report(['pending', 'pending'], 'failed')
  expect(toPartResult('', ended(false), broken, true)).toMatchObject({ failed: 1, skipped: 2 })
})

test('the closing line sums the parts and names skipped tests only if there are any', () => {
  const part = { name: '', passed: 2, failed: 0, skipped: 0, durationMs: 1, output: '' }
  expect(renderCounts(sum([part, part]))).toBe('4 passed, 0 failed')
  expect(renderCounts(sum([part, { ...part, skipped: 3 }]))).toBe('4 passed, 0 failed, 3 skipped')
})
