import { writeFileSync } from 'node:fs'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { provideCommands, testCommands } from './lib/packages.mjs'
import { checks, partsOf } from './lib/parts.mjs'
import { isInterrupted, runMain } from './lib/process.mjs'
import { notRun, printResult, renderCounts, sum } from './lib/results.mjs'
import { setup } from './lib/setup.mjs'
import { runAsOrdinaryUser } from './lib/user-half.mjs'

/** @typedef {import('./lib/results.mjs').PartResult} PartResult */

/**
 * `npm test [-- PART…]`: every test, as root and as an ordinary user. A part's name, or a piece of
 * it, limits the run. `--half` and `--results` are for the second half, which this script starts.
 */
const { values, positionals: filters } = parseArgs({
  allowPositionals: true,
  options: { half: { type: 'string' }, results: { type: 'string' } },
})

await runMain(async () => {
  await setup()
  const results = values.half === 'user' ? await runParts(partsOf.user) : await runEverything()
  if (values.results) {
    writeFileSync(values.results, JSON.stringify(results))
    return 0
  }
  const counts = sum(results)
  console.log(renderCounts(counts))
  return counts.failed > 0 || counts.passed === 0 ? 1 : 0
})

/** @returns {Promise<PartResult[]>} */
async function runEverything() {
  const missing = await provideCommands(testCommands)
  const results = missing ? [printResult(notRun('programs that the tests start', missing))] : []
  results.push(...(await runParts(checks)))
  if (process.getuid?.() === 0) {
    console.log('As root:')
    results.push(...(await runParts(partsOf.root)))
    if (!isInterrupted()) results.push(...(await runAsOrdinaryUser(filters)))
    return results
  }
  console.log(`As an ordinary user (uid ${process.getuid?.()}):`)
  results.push(...(await runParts(partsOf.user)))
  results.push(printResult(notRun('root', 'this needs to be started by root')))
  return results
}

/**
 * @param {import('./lib/parts.mjs').Part[]} parts
 * @returns {Promise<PartResult[]>}
 */
async function runParts(parts) {
  const results = []
  for (const part of parts) {
    if (isInterrupted()) break
    if (filters.length > 0 && !filters.some((filter) => part.name.includes(filter))) continue
    // Two parts at once would disturb each other's timings, on two cores.
    results.push(printResult(await part.run()))
  }
  return results
}
