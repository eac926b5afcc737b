import process from 'node:process'
import { text } from 'node:stream/consumers'
import { join } from 'node:path'
import { launch, planSandbox, readHost, resolveOptions, resolveThreads } from '@netns/core'
import { root } from '../scripts/lib/paths.mjs'
import { printTable, saveResults } from './lib/report.mjs'
import { median, quantile } from './lib/statistics.mjs'

/** What `isolate()` costs in and out, in the default sandbox. */
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 200)
const plan = planSandbox(resolveOptions({}, 'bench'), readHost(), {
  projectRoot: root,
  roots: [root, process.execPath],
  cwd: root,
  writeThrough: [],
  readThrough: [],
  services: [],
  threadsPath: resolveThreads(),
})
const sandbox = launch({
  plan,
  command: process.execPath,
  args: [join(root, 'bench/lib/isolate-inside.mjs'), String(rounds)],
  env: process.env,
  cwd: root,
  stdio: ['ignore', 'pipe', 'inherit'],
})
const output = sandbox.process.stdout ? await text(sandbox.process.stdout) : ''
await sandbox.ended
/** @type {Record<string, number[]>} */
const times = JSON.parse(output)
const rows = Object.entries(times).map(([name, own]) => ({
  'isolate()': name,
  'median ms': median(own).toFixed(2),
  'p10 ms': quantile(own, 0.1).toFixed(2),
  'p90 ms': quantile(own, 0.9).toFixed(2),
}))
console.log(`isolate() in and out, ${rounds} rounds each:\n`)
printTable(rows)
const [few = [], many = []] = Object.entries(times)
  .filter(([name]) => name.includes('changed files'))
  .map(([, own]) => own)
console.log(`\n10,000 changed files to 10: ${(median(many) / median(few)).toFixed(2)}`)
saveResults('isolate', { rounds, rows, times })
