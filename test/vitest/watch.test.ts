import { renameSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { expectNoneWith } from '../support/sandbox-leftovers.ts'
import { VitestProject } from '../support/vitest-project.ts'
import { Session } from '../support/session.ts'

const prints = `
  import { readFileSync, writeFileSync } from 'node:fs'
  import { expect, test } from 'vitest'
  import { value } from './value.js'
  test('prints', () => {
    const data = readFileSync(new URL('./data.txt', import.meta.url), 'utf8')
    writeFileSync(new URL('./data.txt', import.meta.url), 'written inside')
    writeFileSync(new URL('./value.js', import.meta.url), 'export const value = "inside"')
    process.stdout.write('seen ' + value + ' ' + data + '.\\n')
    expect({ value }).toMatchSnapshot()
  })`

const files = {
  'a.test.js': prints,
  'value.js': 'export const value = "first"',
  'data.txt': 'data one',
}

/** Saves as editors do: writes beside, then renames over. */
function save(project: VitestProject, name: string, content: string): void {
  const beside = project.path(`.${name}.new`)
  writeFileSync(beside, content)
  renameSync(beside, project.path(name))
}

const waiting = /Waiting for file changes/

test('watch mode: each run has a new sandbox that sees the files as they are then', async () => {
  const project = new VitestProject({ files })
  const session = new Session(project.start(['--watch', '-u']))
  expect(await session.until(waiting)).toContain('seen first data one.')
  save(project, 'data.txt', 'data two')
  save(project, 'value.js', 'export const value = "second"')
  const second = await session.until(waiting)
  expect(second).toContain('seen second data two.')
  expect(second).toMatch(/Isolated +1 file in 1 sandbox/)
  project.write('value.js', 'export const value = "third"')
  expect(await session.until(waiting)).toContain('seen third data two.')
  session.process.kill('SIGINT')
  await session.ended
  // What the test wrote started no run of its own.
  expect(session.output.match(/seen .*/g)).toHaveLength(3)
  await expectNoneWith(project.directory)
})

test('watch mode: a change of the config starts anew', async () => {
  const project = new VitestProject({ files })
  const session = new Session(project.start(['--watch']))
  expect(await session.until(waiting)).toContain('seen first data one.')
  project.write(
    'vitest.config.mjs',
    `import netns from 'vitest-environment-netns/plugin'
     export default {
       plugins: [netns()],
       test: { environment: 'netns', environmentOptions: { netns: { hostname: 'another' } }, setupFiles: './setup.js' },
     }`,
  )
  project.write(
    'setup.js',
    `import { hostname } from 'node:os'; process.stdout.write('on ' + hostname() + '\\n')`,
  )
  const second = await session.until(/seen [^]*Waiting for file changes/)
  expect(second).toContain('on another')
  expect(second.match(/Isolated/g)).toHaveLength(1)
  session.process.kill('SIGINT')
  await session.ended
})

test("Vitest's own server is not reachable from inside", async () => {
  const port = await freePort()
  const project = new VitestProject({
    files: {
      'a.test.js': `
        import { createConnection } from 'node:net'
        import { expect, test } from 'vitest'
        test('refused', async () => {
          const outcome = await new Promise((resolve) => {
            const socket = createConnection({ port: ${port}, host: '127.0.0.1' })
            socket.once('connect', () => resolve('connected')).once('error', (error) => resolve(error.code))
          })
          expect(outcome).toBe('ECONNREFUSED')
        })`,
    },
    test: { api: { port, strictPort: true, host: '127.0.0.1' } },
  })
  const session = new Session(project.start(['--watch']))
  const output = await session.until(waiting)
  expect(output).toContain('1 passed')
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBeGreaterThan(0)
  session.process.kill('SIGINT')
  await session.ended
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
