import process from 'node:process'

/**
 * What one part of the tests gave. Parts run one after the other; a half is a list of these.
 *
 * @typedef {object} PartResult
 * @property {string} name
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {number} durationMs
 * @property {string} output shown when something failed
 *
 * @typedef {{ passed: number, failed: number, skipped: number }} Counts
 */

/** Where nothing may be skipped silently: set in CI. */
export const mustWork = process.env['NETNS_MUST_WORK'] === '1'

/**
 * A part that this machine cannot run. Where everything must work that is a failure.
 *
 * @param {string} name
 * @param {string} reason
 * @returns {PartResult}
 */
export function notRun(name, reason) {
  const counts = mustWork ? { failed: 1, skipped: 0 } : { failed: 0, skipped: 1 }
  return { name, passed: 0, ...counts, durationMs: 0, output: `not run: ${reason}` }
}

/**
 * A check without tests of its own, such as the linter, counts as one test.
 *
 * @param {string} name
 * @param {import('./process.mjs').RunResult} result
 * @returns {PartResult}
 */
export function checkResult(name, { ok, ending, output, durationMs }) {
  const counts = ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
  return { name, ...counts, skipped: 0, durationMs, output: `${output}\n${ending}` }
}

/**
 * @param {PartResult[]} results
 * @returns {Counts}
 */
export function sum(results) {
  const total = { passed: 0, failed: 0, skipped: 0 }
  for (const { passed, failed, skipped } of results) {
    total.passed += passed
    total.failed += failed
    total.skipped += skipped
  }
  return total
}

/** @param {Counts} counts the line that CI reads */
export function renderCounts({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/**
 * @param {PartResult} result
 * @returns {PartResult} the same
 */
export function printResult(result) {
  const seconds = `${(result.durationMs / 1000).toFixed(1)} s`
  const mark = result.failed > 0 ? '✗' : result.passed > 0 ? '✓' : '-'
  console.log(`${mark} ${result.name.padEnd(46)} ${renderCounts(result).padEnd(32)} ${seconds}`)
  if (result.failed > 0 || result.passed === 0) console.log(indent(result.output))
  return result
}

/** @param {string} text */
const indent = (text) => text.trimEnd().replace(/^/gm, '    ')
