import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bin, root } from '../../scripts/lib/paths.mjs'
import { runInTurns } from './turns.mjs'

/** @typedef {import('./turns.mjs').Run} Run */
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
export function runSuiteInTurns(name, contenders, rounds) {
  const folder = suiteFolder(name)
  writeSuite(folder, contenders)
  const commands = Object.entries(contenders).map(([one, { env = {} }]) => {
    const args = ['run', '--config', configName(one)]
    return [one, { command: bin('vitest'), args, cwd: folder, env }]
  })
  const runs = runInTurns(Object.fromEntries(commands), rounds)
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
