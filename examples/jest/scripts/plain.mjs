// Runs the suite with plain Jest, in throw-away copies, and shows why that cannot work.
// Ends with 0 only if plain Jest failed, both with the files at the same time and one after another.
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { showThatPlainFails } from 'example-vitest-shop/scripts/plain-run.mjs'
import config from '../jest.config.js'

const { preset: _preset, testEnvironmentOptions: _options, ...plainConfig } = config

showThatPlainFails({
  name: 'Jest',
  example: fileURLToPath(new URL('..', import.meta.url)),
  files: { 'jest.config.js': `export default ${JSON.stringify(plainConfig)}\n` },
  modes: {
    'at the same time': ['--maxWorkers=4'],
    'one after another': ['--runInBand'],
  },
  command: (report) => [
    '--experimental-vm-modules',
    createRequire(import.meta.url).resolve('jest/bin/jest'),
    '--forceExit',
    '--json',
    `--outputFile=${report}`,
  ],
})
