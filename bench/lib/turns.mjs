import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { toolEnv } from '../../scripts/lib/process.mjs'
import { median, medianRatio } from './statistics.mjs'

/**
 * @typedef {object} Contender
 * @property {string} command
 * @property {string[]} args
 * @property {string} cwd
 * @property {NodeJS.ProcessEnv} [env] added to the environment
 *
 * @typedef {{ wallSeconds: number, cpuSeconds: number }} Run from spawn to exit
 */

/**
 * Runs contenders in turns, after a first run of each that fills caches.
 *
 * @param {Record<string, Contender>} contenders
 * @param {number} pairs
 * @returns {Record<string, Run[]>}
 */
export function runInTurns(contenders, pairs) {
  const entries = Object.entries(contenders)
  for (const [name, contender] of entries) runOnce(name, contender)
  /** @type {Record<string, Run[]>} */
  const runs = Object.fromEntries(entries.map(([name]) => [name, []]))
  for (let pair = 0; pair < pairs; pair++) {
    const order = pair % 2 === 0 ? entries : entries.toReversed()
    for (const [name, contender] of order) runs[name]?.push(runOnce(name, contender))
  }
  return runs
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
 * @param {string} name
 * @param {Contender} contender
 * @returns {Run}
 */
function runOnce(name, { command, args, cwd, env }) {
  const cpuBefore = childrenCpuSeconds()
  const begin = process.hrtime.bigint()
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: toolEnv({ NODE_COMPILE_CACHE: undefined, ...env }),
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
