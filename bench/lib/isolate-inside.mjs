import { mkdirSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { isolate, setWorkerPlace, takeControl } from '@netns/core/worker'

/*
 * In a sandbox: times isolate() in and out, and prints one JSON object. `ahead`: PID 1 has had time to build the next
 * root; `on demand`: it has not.
 */

const rounds = Number(process.argv[2])
const PAUSE_MS = 15

setWorkerPlace({
  control: takeControl(),
  projectRoot: process.cwd(),
  sharesNetwork: false,
  state: new Map(),
})

/** @type {Record<string, number[]>} */
const times = {}
await measure('warm-up', {}, 0)
await measure("net: 'inherit', on demand", { net: 'inherit' }, 0)
await measure("net: 'inherit', ahead", { net: 'inherit' }, PAUSE_MS)
await measure('fresh network, on demand', {}, 0)
await measure('fresh network, ahead', {}, PAUSE_MS)
writeFiles(10)
await measure('10 changed files below, on demand', { net: 'inherit' }, 0)
writeFiles(10_000)
await measure('10,000 changed files below, on demand', { net: 'inherit' }, 0)
delete times['warm-up']
process.stdout.write(JSON.stringify(times))

/**
 * @param {string} name
 * @param {import('@netns/core/worker').IsolateOptions} options
 * @param {number} pauseMs between two of them
 */
async function measure(name, options, pauseMs) {
  const own = (times[name] ??= [])
  for (let round = 0; round < rounds; round++) {
    if (pauseMs > 0) await pause(pauseMs)
    const begin = performance.now()
    const sandbox = await isolate(options)
    await sandbox.dispose()
    own.push(performance.now() - begin)
  }
}

/** @param {number} count */
function writeFiles(count) {
  for (const directory of ['/tmp/changed', 'changed']) {
    mkdirSync(directory, { recursive: true })
    for (let file = 0; file < count / 2; file++) writeFileSync(`${directory}/${file}`, 'changed')
  }
}
