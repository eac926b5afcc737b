import { expect, test } from 'vitest'
import { VitestProject } from '../support/vitest-project.ts'

/** Writes and imports a module, so that the runner keeps an environment for this worker, and dies. */
const dies = (last: string): string => `
  import { writeFileSync } from 'node:fs'
  import { expect, test } from 'vitest'
  test('dies', async () => {
    writeFileSync('written.ts', 'export const value: number = 1')
    expect((await import(process.cwd() + '/written.ts')).value).toBe(1)
    await new Promise((resolve) => process.stdout.write('last words\\n', resolve))
    ${last}
    await new Promise(() => {})
  })`

/** Tells when an environment is closed, and how many listeners the runner's own output may have. */
const config = `
  import netns from 'vitest-environment-netns/plugin'
  const tells = {
    name: 'tells',
    perEnvironmentStartEndDuringDev: true,
    buildEnd() {
      process.stdout.write('environment closed, up to ' + process.stdout.getMaxListeners() + ' listeners\\n')
    },
  }
  export default {
    plugins: [netns(), tells],
    test: { environment: 'netns', maxWorkers: 1 },
  }`

test.for([
  { how: 'SIGKILL', last: "process.kill(process.pid, 'SIGKILL')" },
  { how: 'abort', last: 'process.abort()' },
  { how: 'exit', last: 'process.reallyExit(7)' },
])('after a worker that dies by $how the runner keeps nothing for it', async ({ last }) => {
  const files = { 'a.test.js': dies(last), 'b.test.js': dies(last) }
  const project = new VitestProject({ files, config })
  const { stdout, output, exitCode } = await project.run()
  expect(exitCode, output).toBe(1)
  expect(stdout.match(/last words/g)).toHaveLength(2)
  const [duringRun = '', atClose = ''] = stdout.split('Isolated  2 files')
  expect(duringRun.match(/environment closed/g), output).toHaveLength(2)
  const [before] = /up to \d+ listeners/.exec(duringRun) ?? []
  expect(atClose).toContain(before)
})
