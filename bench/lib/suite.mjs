import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { bin, root } from '../../scripts/lib/paths.mjs'
import { toolEnv } from '../../scripts/lib/process.mjs'
import { median, medianRatio } from './statistics.mjs'

/** @typedef {{ wallSeconds: number, cpuSeconds: number }} Run from spawn to exit */
/** @typedef {{ config: string, env?: NodeJS.ProcessEnv }} Contender */

export const fileCount = 100

/**
 * Runs Vitest on 100 trivial test files, with each config in turn.
 *
 * @param {string} name of a directory in bench/build
 * @param {Record<string, Contender>} contenders
 * @param {number} rounds
 * @returns {Record<string, Run[]>}
 */
export function runInTurns(name, contenders, rounds) {
  const folder = suiteFolder(name)
  const names = Object.keys(contenders)
  writeSuite(folder, contenders)
  for (const one of names) runOnce(folder, one, contenders[one]) // caches are filled
  /** @type {Record<string, Run[]>} */
  const runs = Object.fromEntries(names.map((one) => [one, []]))
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? names : names.toReversed()
    for (const one of order) runs[one]?.push(runOnce(folder, one, contenders[one]))
  }
  rmSync(folder, { recursive: true, force: true })
  return runs
}

/** @param {string} name */
export function suiteFolder(name) {
  return join(root, 'bench/build', name)
}

/**
 * @param {string} imports
 * @param {string} test options
 */
export function config(imports, test) {
  const plugins = imports ? 'plugins: [netns()], ' : ''
  return `${imports}\nexport default { ${plugins}test: { ${test} } }\n`
}

/**
 * A row for each contender.
 *
 * @param {Record<string, Run[]>} runs
 * @param {Record<string, string>} references headings of ratios, and the contender that each is a ratio to
 * @returns {import('./report.mjs').Row[]}
 */
export function tabulate(runs, references) {
  return Object.entries(runs).map(([run, own]) => ({
    run,
    'median s': median(own.map(wall)).toFixed(2),
    'min s': Math.min(...own.map(wall)).toFixed(2),
    'max s': Math.max(...own.map(wall)).toFixed(2),
    ...ratios(own, runs, references, wall),
    'median CPU s': median(own.map(cpu)).toFixed(2),
    ...ratios(own, runs, references, cpu, 'CPU '),
  }))
}

/**
 * @param {Run[]} own
 * @param {Record<string, Run[]>} runs
 * @param {Record<string, string>} references
 * @param {(run: Run) => number} value
 * @param {string} prefix
 */
function ratios(own, runs, references, value, prefix = '') {
  return Object.fromEntries(
    Object.entries(references).map(([heading, name]) => {
      const reference = runs[name] ?? []
      return [prefix + heading, medianRatio(own.map(value), reference.map(value)).toFixed(2)]
    }),
  )
}

/** @param {Run} run */
function wall({ wallSeconds }) {
  return wallSeconds
}

/** @param {Run} run */
function cpu({ cpuSeconds }) {
  return cpuSeconds
}

/**
 * @param {string} folder
 * @param {Record<string, Contender>} contenders
 */
function writeSuite(folder, contenders) {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const [name, contender] of Object.entries(contenders))
    writeFileSync(join(folder, configName(name)), contender.config)
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
 * @param {string} folder
 * @param {string} name
 * @param {Contender | undefined} contender
 * @returns {Run}
 */
function runOnce(folder, name, contender) {
  const cpuBefore = childrenCpuSeconds()
  const begin = process.hrtime.bigint()
  const args = ['run', '--config', configName(name)]
  const { status, stdout, stderr } = spawnSync(bin('vitest'), args, {
    cwd: folder,
    encoding: 'utf8',
    env: toolEnv({ NODE_COMPILE_CACHE: undefined, ...contender?.env }),
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
