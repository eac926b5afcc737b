import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { encodePlan, planSandbox, readHost, resolveOptions } from '@netns/core'
import { launcherPath, root } from '../scripts/lib/paths.mjs'
import { hasCommand } from '../scripts/lib/process.mjs'
import { toBareSteps } from './lib/bare-steps.mjs'
import { peers } from './lib/peers.mjs'
import { printTable, saveResults } from './lib/report.mjs'
import { median, medianRatio, quantile } from './lib/statistics.mjs'

/** @typedef {import('./lib/peers.mjs').Contender} Contender */

/**
 * /bin/true in the full default sandbox: the launcher, a bare program that makes the same system
 * calls, plain fork+exec, and other tools.
 */
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 200)
const payload = ['/bin/true']
const folder = join(root, 'bench/build')
const timer = join(folder, 'timer')

mkdirSync(folder, { recursive: true })
const plan = defaultPlan()
const planFile = join(folder, 'plan')
writeFileSync(planFile, encodePlan(plan))
writeFileSync(join(folder, 'steps.h'), toBareSteps(plan.steps))
for (const name of ['timer', 'bare']) compile(name)

const contenders = [
  { name: 'launcher', command: [launcherPath, '--plan-file', planFile, '--', ...payload] },
  { name: 'bare program', command: [join(folder, 'bare'), ...payload] },
  { name: 'fork+exec', command: payload },
  ...peers(folder, payload, plan.steps),
].filter(canRun)

const nanoseconds = measure(contenders)
const [launcher = [], bare = []] = nanoseconds
const rows = contenders.map(({ name }, index) => {
  const times = nanoseconds[index] ?? []
  return {
    command: name,
    'median ms': milliseconds(median(times)),
    'p10 ms': milliseconds(quantile(times, 0.1)),
    'p90 ms': milliseconds(quantile(times, 0.9)),
    'to bare program': medianRatio(times, bare).toFixed(2),
    'launcher to it': medianRatio(launcher, times).toFixed(2),
  }
})
console.log(
  `/bin/true in the full default sandbox (${plan.steps.length} steps), ${rounds} rounds:\n`,
)
printTable(rows)
saveResults('launch', { rounds, rows, contenders, nanoseconds })

function defaultPlan() {
  const options = resolveOptions({}, 'bench')
  return planSandbox(options, readHost(), {
    projectRoot: root,
    roots: [root, process.execPath],
    cwd: root,
    writeThrough: [],
    readThrough: [],
    services: [],
  })
}

/** @param {string} name as the launcher is compiled, so that the C library makes no difference */
function compile(name) {
  const compiler = hasCommand('musl-gcc') ? 'musl-gcc' : 'cc'
  const triple = execFileSync('cc', ['-dumpmachine'], { encoding: 'utf8' }).trim()
  const headers = ['-idirafter', '/usr/include', '-idirafter', `/usr/include/${triple}`]
  const source = join(root, 'bench', `${name}.c`)
  const flags = [
    '-D_GNU_SOURCE',
    '-Wall',
    '-Wextra',
    '-Wno-unused-function',
    '-O2',
    '-static',
    '-s',
  ]
  const output = ['-o', join(folder, name), source]
  execFileSync(compiler, [...flags, ...(compiler === 'cc' ? [] : headers), ...output])
}

/** @param {Contender} contender */
function canRun({ name, command }) {
  try {
    time([{ name, command }], 2)
    return true
  } catch (error) {
    if (name === 'launcher' || name === 'bare program') throw error
    console.log(`Left out, since it does not start here: ${name}`)
    return false
  }
}

/**
 * @param {Contender[]} measured
 * @returns {number[][]} by contender, then by round
 */
function measure(measured) {
  time(measured, 5) // caches are filled
  const table = time(measured, rounds)
  return measured.map((_, column) => table.map((row) => row[column] ?? Number.NaN))
}

/**
 * @param {Contender[]} measured
 * @param {number} count
 * @returns {number[][]} by round
 */
function time(measured, count) {
  const args = measured.flatMap(({ command }, index) => [...(index > 0 ? ['++'] : []), ...command])
  const output = execFileSync(timer, [String(count), ...args], { encoding: 'utf8' })
  return output
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number))
}

/** @param {number} value nanoseconds */
function milliseconds(value) {
  return (value / 1e6).toFixed(2)
}
