// Runs the suite with plain Vitest, in throw-away copies, and shows why that cannot work.
// Ends with 0 only if plain Vitest failed, both with the files at the same time and one after another.
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { showThatPlainFails } from './plain-run.mjs'

const vitestDir = dirname(createRequire(import.meta.url).resolve('vitest/package.json'))

showThatPlainFails({
  name: 'Vitest',
  example: fileURLToPath(new URL('..', import.meta.url)),
  files: {
    'vitest.config.ts': `export default { cacheDir: './cache', test: { environment: 'node' } }\n`,
  },
  modes: {
    'at the same time': ['--maxWorkers=4'],
    'one after another': ['--maxWorkers=1', '--no-file-parallelism'],
  },
  command: (report) => [
    join(vitestDir, 'vitest.mjs'),
    'run',
    '--reporter=json',
    `--outputFile=${report}`,
  ],
})
