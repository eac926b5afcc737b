import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { isolate, setWorkerPlace, takeControl } from '@netns/core/worker'

/*
 * In a sandbox: times isolate() in and out, and prints one JSON object. `ahead`: PID 1 has had time to build the next
 * root; `on demand`: that one is of no use, since a directory that was empty then is not any more.
 */

const rounds = Number(process.argv[2])
const PAUSE_MS = 15
const STALE = '/var/tmp/not-empty'

setWorkerPlace({
  control: takeControl(),
  projectRoot: process.cwd(),
  sharesNetwork: false,
  state: new Map(),
})

/** @type {Record<string, number[]>} */
const times = {}
await measure({
  "net: 'inherit', on demand": [{ net: 'inherit' }, false],
  "net: 'inherit', ahead": [{ net: 'inherit' }, true],
  'fresh network, on demand': [{}, false],
  'fresh network, ahead': [{}, true],
})
writeFiles(10)
await measure({ '10 changed files below, on demand': [{ net: 'inherit' }, false] })
writeFiles(10_000)
await measure({ '10,000 changed files below, on demand': [{ net: 'inherit' }, false] })
process.stdout.write(JSON.stringify(times))

/**
 * In turns, since the first rounds of a process are slower than the last ones; those of the first quarter do not count.
 *
 * @param {Record<string, [options: import('@netns/core/worker').IsolateOptions, ahead: boolean]>} cases
 */
async function measure(cases) {
  for (let round = -rounds / 4; round < rounds; round++) {
    for (const [name, [options, ahead]] of Object.entries(cases)) {
      const spent = await once(options, ahead)
      if (round >= 0) (times[name] ??= []).push(spent)
    }
  }
}

/**
 * @param {import('@netns/core/worker').IsolateOptions} options
 * @param {boolean} ahead
 */
async function once(options, ahead) {
  await pause(PAUSE_MS)
  if (!ahead) writeFileSync(STALE, '')
  const begin = performance.now()
  const sandbox = await isolate(options)
  await sandbox.dispose()
  const spent = performance.now() - begin
  rmSync(STALE, { force: true })
  return spent
}

/** @param {number} count */
function writeFiles(count) {
  for (const directory of ['/tmp/changed', 'changed']) {
    mkdirSync(directory, { recursive: true })
    for (let file = 0; file < count / 2; file++) writeFileSync(`${directory}/${file}`, 'changed')
  }
}
