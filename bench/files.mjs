import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { bin, root } from '../scripts/lib/paths.mjs'
import { printTable, saveResults } from './lib/report.mjs'
import { compareRuns, runInTurns } from './lib/turns.mjs'

/** 100 trivial test files: plain forks against a sandbox for each, in turns. */
const fileCount = 100
const pairs = Number(process.env['BENCH_PAIRS'] ?? 7)
const folder = join(root, 'bench/build/files')

/** @type {Record<string, { config: string, env?: NodeJS.ProcessEnv }>} */
const configs = {
  'plain forks': { config: config('', "pool: 'forks'") },
  netns: {
    config: config("import netns from 'vitest-environment-netns/plugin'", "environment: 'netns'"),
  },
  'plain forks, compile cache': {
    config: config('', "pool: 'forks'"),
    env: { NODE_COMPILE_CACHE: join(folder, 'compile-cache') },
  },
}

writeSuite()
const contenders = Object.fromEntries(
  Object.entries(configs).map(([name, { env = {} }]) => {
    const args = ['run', '--config', configName(name)]
    return [name, { command: bin('vitest'), args, cwd: folder, env }]
  }),
)
const runs = runInTurns(contenders, pairs)
const rows = compareRuns(runs, 'plain forks')
console.log(`${fileCount} trivial test files, ${pairs} runs each, in turns:\n`)
printTable(rows)
saveResults('files', { fileCount, pairs, rows, runs })
rmSync(folder, { recursive: true, force: true })

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
  for (const [name, { config }] of Object.entries(configs))
    writeFileSync(join(folder, configName(name)), config)
  for (let file = 0; file < fileCount; file++) {
    const text = `import { expect, test } from 'vitest'\ntest('adds', () => expect(1 + ${file}).toBe(${file + 1}))\n`
    writeFileSync(join(folder, `file-${file}.test.ts`), text)
  }
}

/** @param {string} name */
function configName(name) {
  return `${name.replaceAll(/\W+/g, '-')}.config.mjs`
}
