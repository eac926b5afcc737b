import { join } from 'node:path'
import process from 'node:process'
import { printTable, saveResults } from './lib/report.mjs'
import { config, fileCount, runSuiteInTurns, suiteFolder } from './lib/suite.mjs'
import { tabulate } from './lib/turns.mjs'

/** 100 trivial test files: plain forks against a sandbox for each, in turns. */
const pairs = Number(process.env['BENCH_PAIRS'] ?? 7)

const runs = runSuiteInTurns(
  'files',
  {
    'plain forks': { config: config('', "pool: 'forks'") },
    netns: {
      config: config("import netns from 'vitest-environment-netns/plugin'", "environment: 'netns'"),
    },
    'plain forks, compile cache': {
      config: config('', "pool: 'forks'"),
      env: { NODE_COMPILE_CACHE: join(suiteFolder('files'), 'compile-cache') },
    },
  },
  pairs,
)
const rows = tabulate(runs, { 'to plain forks': 'plain forks' })
console.log(`${fileCount} trivial test files, ${pairs} runs each, in turns:\n`)
printTable(rows)
saveResults('files', { fileCount, pairs, rows, runs })
