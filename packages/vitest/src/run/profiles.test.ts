import { join } from 'node:path'
import { expect, test } from 'vitest'
import { profileGlobs } from './profiles.ts'

const here = process.cwd()
const names = '*.{cpuprofile,heapprofile,heapsnapshot,log}'

test.for([
  [[], []],
  [['--no-warnings'], []],
  [['--cpu-prof'], [names]],
  [
    ['--cpu-prof', '--cpu-prof-dir=profiles'],
    [names, `profiles/${names}`],
  ],
  [
    ['--heap-prof', '--heap-prof-dir', join(here, 'deep/er')],
    [names, `deep/er/${names}`],
  ],
  [['--cpu-prof', '--cpu-prof-dir=/elsewhere'], [names]],
] as const)('%j keeps %j', ([execArgv, globs]) => {
  expect(profileGlobs(execArgv, here)).toEqual(globs)
})
