import { expect, test } from 'vitest'
import { NetnsError } from '../errors/netns-error.ts'
import type { SandboxEnd } from '../launcher/types.ts'
import { renderSummary } from './render-summary.ts'
import { RunReportCollector } from './run-report.ts'
import { summarize } from './summarize.ts'

function end(part: Partial<SandboxEnd> = {}): SandboxEnd {
  return {
    exitCode: 0,
    signal: null,
    noRoute: { ipv4: 0, ipv6: 0 },
    leftProcesses: 0,
    maxRssKiB: 1,
    kept: [],
    keepFailures: [],
    ...part,
  }
}

function sandbox(file: string, setupUs: number, part: Partial<SandboxEnd> = {}) {
  return { files: [file], setupUs, end: end(part), degraded: [] }
}

test('a run without sandboxes has no summary', () => {
  expect(renderSummary(new RunReportCollector().report())).toBe('')
})

test('a quiet run is one line', () => {
  const collector = new RunReportCollector()
  collector.add(sandbox('a.test.ts', 1000))
  collector.add(sandbox('b.test.ts', 3000))
  collector.add(sandbox('c.test.ts', 9000))
  expect(renderSummary(collector.report())).toBe(
    '     Isolated  3 files in 3 sandboxes, set up in 3.0 ms (median), 9.0 ms (max)',
  )
})

test('what was stopped, kept, ended and lessened is said', () => {
  const collector = new RunReportCollector()
  const kept = [{ path: '/p/out/a.json', sizeBytes: 1234 }]
  const keepFailures = [
    new NetnsError('NETNS_KEEP_FAILED', { path: '/p/b', detail: '/p/b: EACCES' }),
  ]
  collector.add(
    sandbox('a.test.ts', 1000, {
      noRoute: { ipv4: 2, ipv6: 1 },
      leftProcesses: 1,
      kept,
      keepFailures,
    }),
  )
  collector.add({
    ...sandbox('b.test.ts', 2000),
    degraded: [
      { stage: 'proc', path: '/proc', errno: 'EPERM', message: 'Operation not permitted' },
    ],
  })
  collector.addFallback({
    file: 'c.test.ts',
    reason: 'NETNS_PLATFORM: sandboxes need Linux on x64',
  })
  collector.addNote('isolate: false: the files of a worker share its sandbox')
  expect(`\n${renderSummary(collector.report())}`).toMatchInlineSnapshot(`
    "
         Isolated  2 files in 2 sandboxes, set up in 1.5 ms (median), 2.0 ms (max)
     NOT ISOLATED  1 file ran without a sandbox (fallback: 'warn')
                   NETNS_PLATFORM: sandboxes need Linux on x64
          Network  3 attempts to leave the sandbox stopped: a.test.ts
             Kept  1 file, 1.2 kB: /p/out/a.json
         Not kept  NETNS_KEEP_FAILED: a file of fs.keep could not be written back: /p/b: EACCES
                   Make the destination in the project writable, or narrow the globs of fs.keep.
            Ended  1 process that tests left running
           Degree  /proc is the host's and shows the pids outside, because parts of it are masked here (EPERM: Operation not permitted)
             Note  isolate: false: the files of a worker share its sandbox"
  `)
})

test('a degree that every sandbox reports is said once', () => {
  const collector = new RunReportCollector()
  const degraded = [{ stage: 'cgroup2', path: '/sys/fs/cgroup', errno: 'EPERM', message: 'no' }]
  for (const file of ['a', 'b']) collector.add({ ...sandbox(file, 1), degraded })
  expect(collector.report().degrees).toHaveLength(1)
})

test('long lists of names end with a number', () => {
  const collector = new RunReportCollector()
  for (let n = 1; n <= 7; n++)
    collector.add(sandbox(`${n}.test.ts`, 1, { noRoute: { ipv4: 1, ipv6: 0 } }))
  expect(renderSummary(collector.report())).toContain(
    '7 attempts to leave the sandbox stopped: 1.test.ts, 2.test.ts, 3.test.ts, 4.test.ts, 5.test.ts and 2 more',
  )
})

test('figures: files of two projects with one name are two files, a re-run file is one', () => {
  const collector = new RunReportCollector()
  for (const project of ['a', 'b', 'b']) collector.add({ ...sandbox('x.test.ts', 10), project })
  expect(summarize(collector.report())).toMatchObject({
    files: 2,
    sandboxes: 3,
    setupUs: { median: 10, max: 10 },
  })
})

test('a sandbox that never started has no cost', () => {
  const collector = new RunReportCollector()
  collector.add({ files: ['a'], setupUs: null, end: null, degraded: [] })
  expect(summarize(collector.report()).setupUs).toBeNull()
})
