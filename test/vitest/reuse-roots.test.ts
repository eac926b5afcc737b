import process from 'node:process'
import { expect, test } from 'vitest'
import { VitestProject } from '../support/vitest-project.ts'

const isX64 = process.arch === 'x64'

/** mount(8) writes to /run, which would show. */
function systemCall(number: number, values: string): string {
  return `execFileSync("perl", ["-e", 'my @v = (${values}); syscall(${number}, @v) == 0 or die $!'])`
}

/** Each leaves a trace that the next file must not find, some of them none that a list of files would show. */
const traces: Record<string, string> = {
  'a file': `fs.writeFileSync('/tmp/trace', '')`,
  'a file that is gone again': `fs.writeFileSync('/tmp/trace', ''); fs.rmSync('/tmp/trace')`,
  'a change deep below': `fs.appendFileSync('deep/er/file', 'trace')`,
  'a change of mode': `fs.chmodSync('deep/er/file', 0o600)`,
  'a change of time': `fs.utimesSync('deep/er/file', 1, 1)`,
  'a change of the directory above': `fs.chmodSync('/tmp', 0o700)`,
  'a deletion': `fs.rmSync('deep', { recursive: true })`,
  'a directory beside': `fs.mkdirSync(os.homedir() + '/trace')`,
  'a link': `fs.symlinkSync('/', '/tmp/trace')`,
  'a write of a child': `execFileSync('sh', ['-c', 'echo trace > /var/tmp/trace'])`,
  'a write by descriptor': `fs.ftruncateSync(fs.openSync('deep/er/file', 'r+'), 0)`,
  ...(process.getuid?.() === 0 && {
    'a mount': systemCall(isX64 ? 165 : 40, `"trace", "/mnt", "tmpfs", 0, 0`),
    'a mount that is gone': systemCall(isX64 ? 166 : 39, `"/var/tmp", 2`),
    'a read-only mount': systemCall(isX64 ? 165 : 40, `"", "/tmp", "", 0x1021, 0`),
  }),
}

/** Runs long enough for the next root to be built meanwhile, and before a tick of the kernel. */
const content = (action: string): string => `
  import fs from 'node:fs'
  import os from 'node:os'
  import { execFileSync } from 'node:child_process'
  import { setTimeout as pause } from 'node:timers/promises'
  import { test } from 'vitest'
  test('leaves a trace', async () => {
    const file = fs.statSync('deep/er/file')
    const mounts = fs.readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\\n')
    const points = mounts.map((line) => line.split(' ')[4])
    console.log('state', JSON.stringify({
      content: fs.readFileSync('deep/er/file', 'utf8'),
      mode: file.mode & 0o777,
      year: file.mtime.getFullYear() > 2000,
      project: fs.readdirSync('.').filter((name) => !name.endsWith('.test.js')),
      tmp: fs.readdirSync('/tmp').concat(fs.readdirSync('/var/tmp')),
      tmpMode: fs.statSync('/tmp').mode & 0o7777,
      home: fs.existsSync(os.homedir() + '/trace'),
      mounts: points.filter((point) => ['/mnt', '/tmp', '/var/tmp'].includes(point)).sort(),
      readOnly: mounts.filter((line) => / \\/tmp ro/.test(line)),
    }))
    // Numbers of mounts are given again; when a root was made is its own.
    console.log('root', fs.statSync('/', { bigint: true }).ctimeNs)
    await pause(40)
    ${action}
  })`

test('the root of a file serves again only where nobody has changed anything in it', async () => {
  const actions = Object.values(traces)
  const files = Object.fromEntries([
    ...actions.map((action, index) => [`f${index}.test.js`, content(action)]),
    ...actions.map((_, index) => [`idle${index}.test.js`, content('')]),
  ])
  const project = new VitestProject({
    files: { 'deep/er/file': 'content', ...files },
    test: { maxWorkers: 1, environmentOptions: { netns: { reuse: true } } },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
  expect(new Set(output.match(/state .*/g))).toHaveLength(1)
  const runs = [...output.matchAll(/^stdout \| (f|idle)\d+[\s\S]*?root (\d+)n$/gm)]
  expect(runs).toHaveLength(Object.keys(files).length)
  const roots = runs.map(([, kind, root]) => ({ root, isChanged: kind === 'f' }))
  const again = roots.filter(({ root }, index) =>
    roots.slice(0, index).some((one) => one.root === root),
  )
  expect(again.length).toBeGreaterThan(0)
  for (const [index, { root, isChanged }] of roots.entries())
    if (isChanged)
      expect(
        roots.slice(index + 1).map((later) => later.root),
        output,
      ).not.toContain(root)
})
