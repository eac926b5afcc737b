import process from 'node:process'
import { printTable, saveResults } from './lib/report.mjs'
import { config, fileCount, runSuiteInTurns } from './lib/suite.mjs'
import { tabulate } from './lib/turns.mjs'

/** 100 trivial test files: re-used workers against a process for each file, and against shared workers, in turns. */
const pairs = Number(process.env['BENCH_PAIRS'] ?? 7)

const runs = runSuiteInTurns(
  'reuse',
  {
    'plain forks': { config: config('', "pool: 'forks'") },
    'isolate: false': { config: config('', "pool: 'forks', isolate: false") },
    'netns, reuse: true': {
      config: config(
        "import netns from 'vitest-environment-netns/plugin'",
        "environment: 'netns', environmentOptions: { netns: { reuse: true } }",
      ),
    },
  },
  pairs,
)
const rows = tabulate(runs, {
  'to plain forks': 'plain forks',
  'to isolate: false': 'isolate: false',
})
console.log(`${fileCount} trivial test files, ${pairs} runs each, in turns:\n`)
printTable(rows)
saveResults('reuse', { fileCount, pairs, rows, runs })
