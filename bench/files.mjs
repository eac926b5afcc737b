import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { bin, root } from '../scripts/lib/paths.mjs'
import { toolEnv } from '../scripts/lib/process.mjs'
import { printTable, saveResults } from './lib/report.mjs'
import { median, medianRatio } from './lib/statistics.mjs'

/** @typedef {{ wallSeconds: number, cpuSeconds: number }} Run from spawn to exit */

/** 100 trivial test files: plain forks against a sandbox for each, in turns. */
const fileCount = 100
const pairs = Number(process.env['BENCH_PAIRS'] ?? 7)
const folder = join(root, 'bench/build/files')

/** @type {Record<string, { config: string, env?: NodeJS.ProcessEnv }>} */
const contenders = {
  'plain forks': { config: config('', "pool: 'forks'") },
  netns: {
    config: config("import netns from 'vitest-environment-netns/plugin'", "environment: 'netns'"),
  },
  'plain forks, compile cache': {
    config: config('', "pool: 'forks'"),
    env: { NODE_COMPILE_CACHE: join(folder, 'compile-cache') },
  },
}

const names = Object.keys(contenders)
writeSuite()
for (const name of names) runOnce(name) // caches are filled
/** @type {Record<string, Run[]>} */
const runs = Object.fromEntries(names.map((name) => [name, []]))
for (let pair = 0; pair < pairs; pair++) {
  const order = pair % 2 === 0 ? names : names.toReversed()
  for (const name of order) runs[name]?.push(runOnce(name))
}

const plain = runs['plain forks'] ?? []
const rows = Object.entries(runs).map(([name, own]) => ({
  run: name,
  'median s': median(own.map(wall)).toFixed(2),
  'min s': Math.min(...own.map(wall)).toFixed(2),
  'max s': Math.max(...own.map(wall)).toFixed(2),
  'to plain forks': medianRatio(own.map(wall), plain.map(wall)).toFixed(2),
  'median CPU s': median(own.map(cpu)).toFixed(2),
  'CPU to plain forks': medianRatio(own.map(cpu), plain.map(cpu)).toFixed(2),
}))
console.log(`${fileCount} trivial test files, ${pairs} runs each, in turns:\n`)
printTable(rows)
saveResults('files', { fileCount, pairs, rows, runs })
rmSync(folder, { recursive: true, force: true })

/** @param {Run} run */
function wall({ wallSeconds }) {
  return wallSeconds
}

/** @param {Run} run */
function cpu({ cpuSeconds }) {
  return cpuSeconds
}

/**
 * @param {string} imports
 * @param {string} test options
 */
function config(imports, test) {
  const plugins = imports ? 'plugins: [netns()], ' : ''
  return `${imports}\nexport default { ${plugins}test: { ${test} } }\n`
}

function writeSuite() {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const name of names)
    writeFileSync(join(folder, configName(name)), contenders[name]?.config ?? '')
  for (let file = 0; file < fileCount; file++) {
    const text = `import { expect, test } from 'vitest'\ntest('adds', () => expect(1 + ${file}).toBe(${file + 1}))\n`
    writeFileSync(join(folder, `file-${file}.test.ts`), text)
  }
}

/** @param {string} name */
function configName(name) {
  return `${name.replaceAll(/\W+/g, '-')}.config.mjs`
}

/**
 * @param {string} name
 * @returns {Run}
 */
function runOnce(name) {
  const cpuBefore = childrenCpuSeconds()
  const begin = process.hrtime.bigint()
  const args = ['run', '--config', configName(name)]
  const { status, stdout, stderr } = spawnSync(bin('vitest'), args, {
    cwd: folder,
    encoding: 'utf8',
    env: toolEnv({ NODE_COMPILE_CACHE: undefined, ...contenders[name]?.env }),
  })
  const end = process.hrtime.bigint()
  if (status !== 0) throw new Error(`${name} failed:\n${stdout}${stderr}`)
  return { wallSeconds: Number(end - begin) / 1e9, cpuSeconds: childrenCpuSeconds() - cpuBefore }
}

/** User and system time of ended children and theirs: cutime and cstime of proc_pid_stat(5). */
function childrenCpuSeconds() {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? []
  const ticksPerSecond = 100
  return (Number(fields[13]) + Number(fields[14])) / ticksPerSecond
}
