import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { bin, root } from '../scripts/lib/paths.mjs'
import { installPackages } from './lib/install.mjs'
import { printTable, saveResults } from './lib/report.mjs'
import { runInTurns, tabulate } from './lib/turns.mjs'

/** 60 small test files: plain Jest against a sandbox for each, in turns. */
const fileCount = 60
const pairs = Number(process.env['BENCH_PAIRS'] ?? 7)
const folder = join(root, 'bench/build/jest')
const preset = 'jest-environment-netns'

/** @type {Record<string, object>} */
const configs = {
  'plain Jest': {},
  netns: { preset },
  "isolation: 'process'": {
    preset,
    testEnvironmentOptions: { netns: { isolation: 'process' } },
  },
}

writeSuite()
const contenders = Object.fromEntries(
  Object.keys(configs).map((name) => {
    const args = ['--config', configName(name)]
    return [name, { command: bin('jest'), args, cwd: folder }]
  }),
)
const runs = runInTurns(contenders, pairs)
const rows = tabulate(runs, { 'to plain Jest': 'plain Jest' })
console.log(`${fileCount} small test files, ${pairs} runs each, in turns:\n`)
printTable(rows)
saveResults('jest', { fileCount, pairs, rows, runs })
rmSync(folder, { recursive: true, force: true })

function writeSuite() {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  installPackages(folder)
  writeFileSync(join(folder, 'package.json'), '{ "name": "bench-jest" }\n')
  for (const [name, config] of Object.entries(configs))
    writeFileSync(join(folder, configName(name)), JSON.stringify({ maxWorkers: 2, ...config }))
  for (let file = 0; file < fileCount; file++) {
    const text = `
      const { join } = require('node:path')
      const { add } = require('./add')
      test('adds', () => expect(add(1, ${file})).toBe(${file + 1}))
      test('joins', () => expect(join('a', '${file}')).toBe('a/${file}'))`
    writeFileSync(join(folder, `file-${file}.test.js`), text)
  }
  writeFileSync(join(folder, 'add.js'), 'exports.add = (a, b) => a + b\n')
}

/** @param {string} name */
function configName(name) {
  return `${name.replaceAll(/\W+/g, '-')}.config.json`
}
