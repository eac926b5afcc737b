import { expect, test } from 'vitest'
import { vitestMajor, VitestProject } from '../support/vitest-project.ts'

const files = {
  'a.test.js': `
    import { writeFileSync } from 'node:fs'
    import { createConnection } from 'node:net'
    import { expect, test } from 'vitest'
    test('asks the internet', async () => {
      const error = await new Promise((resolve) =>
        createConnection({ host: '203.0.113.7', port: 80 }).once('error', resolve))
      expect(error.code).toBe('ENETUNREACH')
      writeFileSync('kept.txt', 'kept')
    })`,
  'b.test.js': `
    import { expect, test } from 'vitest'
    test('passes', () => expect(1).toBe(1))`,
}
const settings = { environmentOptions: { netns: { fs: { keep: ['kept.txt'] } } } }

test('a run ends with what was isolated, what was stopped and what was written back', async () => {
  const project = new VitestProject({ files, test: settings })
  const { stdout, stderr, exitCode } = await project.run()
  expect(exitCode, stdout + stderr).toBe(0)
  expect(stdout).toMatch(
    /Isolated +2 files in 2 sandboxes, set up in [\d.]+ ms \(median\), [\d.]+ ms \(max\)/,
  )
  expect(stdout).toMatch(/1 attempt to leave the sandbox stopped: a\.test\.js/)
  expect(stdout).toContain('kept.txt')
  expect(stderr).not.toContain('Isolated')
})

test.for([
  ['--reporter=json'],
  ['--reporter=tap'],
  ['--reporter=junit'],
  ['--reporter=default', '--reporter=json'],
])('with %j the summary does not stand in the output that programs read', async (args) => {
  const project = new VitestProject({ files, test: settings })
  const { stdout, stderr } = await project.run(args)
  expect(stdout).not.toContain('Isolated')
  expect(stderr).toContain('Isolated')
})

// Vitest 5 writes this report to a file of its own accord.
if (vitestMajor === 4) {
  test('a JSON report on standard output can be parsed', async () => {
    const project = new VitestProject({ files, test: settings })
    const { stdout } = await project.run(['--reporter=json'])
    expect(JSON.parse(stdout)).toMatchObject({ numPassedTests: 2 })
  })
}

test('reports in files leave standard output to the summary', async () => {
  const project = new VitestProject({ files, test: settings })
  const { stdout } = await project.run([
    '--reporter=dot',
    '--reporter=json',
    '--outputFile.json=report.json',
  ])
  expect(stdout).toContain('Isolated')
})

test('isolate: false is said: a sandbox for each file, but modules are shared', async () => {
  const project = new VitestProject({ files, test: { ...settings, isolate: false, maxWorkers: 1 } })
  const { output } = await project.run()
  expect(output).toContain('Isolated  2 files in 2 sandboxes')
  expect(output).toContain('isolate: false: files that share a worker share its modules')
})

test('a run without isolated files has no summary', async () => {
  const project = new VitestProject({
    files: { 'b.test.js': files['b.test.js'] },
    test: { environment: 'node' },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode).toBe(0)
  expect(output).not.toContain('Isolated')
})
