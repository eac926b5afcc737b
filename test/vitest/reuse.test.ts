import { expect, test } from 'vitest'
import { plainAndIsolated, VitestProject, type ProjectSetup } from '../support/vitest-project.ts'
import { runWithReports, withoutRunnersFrames } from '../support/vitest-reports.ts'

const reuse = { environmentOptions: { netns: { reuse: true } } }
const oneWorker = { ...reuse, maxWorkers: 1 }

/** Files of the same content: whichever runs first must not be seen by the next. */
function alike(count: number, content: string): Record<string, string> {
  const names = Array.from({ length: count }, (_, index) => `f${index}.test.js`)
  return Object.fromEntries(names.map((name) => [name, content]))
}

const printsPid = `
  import { test } from 'vitest'
  test('runs', () => console.log('pid', process.pid))`

function pidsIn(output: string): Set<string> {
  return new Set(output.match(/pid \d+/g))
}

async function passes(setup: ProjectSetup): Promise<string> {
  const { output, exitCode } = await new VitestProject(setup).run()
  expect(exitCode, output).toBe(0)
  return output
}

test('two processes run ten files, and each file is in the report with a sandbox of its own', async () => {
  const output = await passes({ files: alike(10, printsPid), test: { ...reuse, maxWorkers: 2 } })
  expect(pidsIn(output).size).toBe(2)
  expect(output).toContain('Isolated  10 files in 10 sandboxes')
})

test('without reuse each file has a process', async () => {
  const environmentOptions = { netns: { reuse: false } }
  const test = { maxWorkers: 1, environmentOptions }
  const output = await passes({ files: alike(3, printsPid), test })
  expect(pidsIn(output).size).toBe(3)
})

test('files with other options have other processes', async () => {
  const docblock = `// @${'vitest'}-environment-options { "netns": { "hostname": "other" } }\n`
  const files = { ...alike(2, printsPid), 'other.test.js': docblock + printsPid }
  expect(pidsIn(await passes({ files, test: oneWorker })).size).toBe(2)
})

test('modules, mocks, matchers, serializers and fake timers are fresh in each file', async () => {
  await passes({
    files: {
      'counter.js': 'let count = 0\nexport const next = () => ++count',
      'required.cjs':
        'module.exports = { loaded: (globalThis.loads = (globalThis.loads ?? 0) + 1) }',
      ...alike(
        3,
        `
        import { createRequire } from 'node:module'
        import fs from 'node:fs'
        import { expect, test, vi } from 'vitest'
        import { next } from './counter.js'
        // A mock of the user's: the next file must not have it.
        vi.mock('node:os', () => ({ hostname: vi.fn(() => 'mocked') }))
        test('nothing is left of the file before', async () => {
          expect(next()).toBe(1)
          expect(createRequire(import.meta.url)('./required.cjs')).toEqual({ loaded: 1 })
          expect((await import('node:os')).hostname.mock.calls).toEqual([])
          expect((await import('node:os')).hostname()).toBe('mocked')
          expect(() => expect(1).toBeOfFile()).toThrow('toBeOfFile')
          expect.extend({ toBeOfFile: () => ({ pass: true, message: () => '' }) })
          expect({ ofFile: 1 }).toMatchInlineSnapshot(\`
            {
              "ofFile": 1,
            }
          \`)
          expect.addSnapshotSerializer({ test: (value) => value?.ofFile, serialize: () => 'serialized' })
          expect({ ofFile: 1 }).toMatchInlineSnapshot('serialized')
          expect(vi.isFakeTimers()).toBe(false)
          vi.useFakeTimers({ now: 0 })
          vi.stubGlobal('stubbed', 1)
          vi.spyOn(fs, 'existsSync').mockReturnValue('spied')
          expect(fs.existsSync('/')).toBe('spied')
        })`,
      ),
    },
    test: oneWorker,
  })
})

test('a module of the project that a file writes anew is as it was in the next one', async () => {
  await passes({
    files: {
      'node_modules/counts/package.json': '{ "name": "counts", "type": "module", "main": "i.js" }',
      'node_modules/counts/i.js': 'let count = 0\nexport const next = () => ++count',
      'price.ts': 'export const price: number = 1',
      'tax.ts': 'export const tax: number = 1',
      ...alike(
        4,
        `
        import { next } from 'counts'
        import { rmSync, writeFileSync } from 'node:fs'
        import { expect, test } from 'vitest'
        const count = next()
        const isAnew = count % 2 === 0
        test('imports what is there', async () => {
          if (isAnew) writeFileSync('price.ts', 'export const price: number = ' + count)
          if (isAnew) rmSync('tax.ts')
          expect((await import('./price.ts')).price).toBe(isAnew ? count : 1)
          const tax = await import('./tax.ts').then(({ tax }) => tax, () => 'gone')
          expect(tax).toBe(isAnew ? 'gone' : 1)
        })`,
      ),
    },
    test: oneWorker,
  })
})

test('the process is as the first file found it', async () => {
  await passes({
    files: alike(
      3,
      `
      import fs, { readFileSync } from 'node:fs'
      import { expect, test } from 'vitest'
      const state = () => ({
        env: [process.env.LEFT, process.env.HOME, process.env.VITEST_POOL_ID],
        cwd: process.cwd(),
        umask: process.umask(),
        listeners: process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
        exitCode: process.exitCode,
        argv: process.argv.length,
        globals: [typeof left, typeof structuredClone, Object.keys(globalThis).includes('left')],
        builtIns: [Array.prototype.last, String(fs.readFileSync).includes('replaced'), Date.now() > 1],
        stackTraceLimit: Error.stackTraceLimit,
      })
      const first = {
        env: [undefined, '/somewhere', '1'],
        cwd: import.meta.dirname,
        umask: 0o22,
        exitCode: undefined,
        globals: ['undefined', 'function', false],
        builtIns: [undefined, false, true],
      }
      test('is clean, and is left dirty', () => {
        expect(state()).toMatchObject(first)
        expect(process.listenerCount('SIGUSR2') + process.listenerCount('exit')).toBe(0)
        expect(readFileSync).toBe(fs.readFileSync)
        process.env.LEFT = 'yes'
        delete process.env.HOME
        process.env = { ...process.env }
        process.chdir('/')
        process.umask(0o77)
        process.on('SIGUSR2', () => {})
        process.once('exit', () => {})
        process.exitCode = 0
        process.argv.push('more')
        globalThis.left = 1
        delete globalThis.structuredClone
        Array.prototype.last = () => {}
        fs.readFileSync = () => 'replaced'
        Date.now = () => 0
        Error.stackTraceLimit = 1
      })`,
    ),
    test: { ...oneWorker, env: { HOME: '/somewhere' } },
  })
})

test('timers, servers and connections that a file leaves are closed and listed', async () => {
  const output = await passes({
    files: alike(
      3,
      `
      import { createServer } from 'node:http'
      import { expect, test } from 'vitest'
      const own = crypto.randomUUID()
      test('is answered by its own server', async () => {
        expect(globalThis.late).toBe(undefined)
        setTimeout(() => { throw new Error('late') }, 500)
        setInterval(() => { globalThis.late = true }, 1)
        const server = createServer((_request, response) => response.end(own))
        await new Promise((resolve) => server.listen(4321, '127.0.0.1', resolve))
        const answer = await fetch('http://127.0.0.1:4321')
        expect(await answer.text()).toBe(own)
        void fetch('http://127.0.0.1:4321/never').then((answer) => answer.text())
      })`,
    ),
    test: oneWorker,
  })
  expect(output).toMatch(/Closed {2}\d+ things that tests left open: .*server on 127\.0\.0\.1:4321/)
  expect(output).toContain('setInterval 1 ms')
})

test('exit handlers of a file run when it ends', async () => {
  const output = await passes({
    files: alike(
      2,
      `
      import { test } from 'vitest'
      test('registers', () => void process.once('exit', () => process.stdout.write('exit handler\\n')))`,
    ),
    test: oneWorker,
  })
  expect(output.match(/exit handler/g)).toHaveLength(2)
})

test.for([
  'Object.defineProperty(process, "env", { get: () => ({ LEFT: "left" }), configurable: true })',
  'Object.freeze(process.argv)',
])('after a file that does %s the next one has a process of its own', async (breaks) => {
  const output = await passes({
    files: alike(
      2,
      `
      import { expect, test } from 'vitest'
      test('is clean, and is left as nobody can clean it', () => {
        console.log('pid', process.pid)
        expect(process.env.LEFT).toBeUndefined()
        expect(globalThis.left).toBeUndefined()
        globalThis.left = true
        ${breaks}
      })`,
    ),
    test: oneWorker,
  })
  expect(pidsIn(output).size).toBe(2)
})

test('a loop that a file leaves fails nobody when it is ended', async () => {
  await passes({
    files: alike(
      3,
      `
      import { setTimeout as pause } from 'node:timers/promises'
      import { test } from 'vitest'
      test('leaves a loop', () => {
        void (async () => {
          for (;;) await pause(5)
        })()
      })`,
    ),
    test: oneWorker,
  })
})

test('a process that cannot be cleaned is not used again, and the summary says why', async () => {
  const output = await passes({
    files: alike(
      3,
      `
      import { test } from 'vitest'
      test('listens with what is inside of Node', () => {
        console.log('pid', process.pid)
        const { TCP, constants } = process.binding('tcp_wrap')
        const handle = new TCP(constants.SERVER)
        handle.bind('127.0.0.1', 0)
        handle.listen(1)
      })`,
    ),
    test: oneWorker,
  })
  expect(pidsIn(output).size).toBe(3)
  expect(output).toContain('3 workers were not re-used: TCP did not close')
})

test('what a package does to the process when Node loads it stays, as the package does', async () => {
  await passes({
    files: {
      'node_modules/polyfill/package.json':
        '{ "name": "polyfill", "type": "module", "main": "i.js" }',
      'node_modules/polyfill/i.js': 'globalThis.polyfilled = () => true\nexport const loaded = {}',
      ...alike(
        2,
        `
        import { expect, test } from 'vitest'
        import 'polyfill'
        test('has the polyfill', () => expect(polyfilled()).toBe(true))`,
      ),
    },
    test: oneWorker,
  })
})

test('after a file that kills its process the next one has a new one', async () => {
  const project = new VitestProject({
    files: {
      ...alike(3, printsPid),
      'kill.test.js': `
        import { test } from 'vitest'
        test('kills itself', () => process.kill(process.pid, 'SIGKILL'))`,
    },
    test: oneWorker,
  })
  const { output, exitCode } = await project.run()
  expect(exitCode).toBe(1)
  expect(output).toContain('Worker exited unexpectedly')
  expect(output.match(/pid \d+/g)).toHaveLength(3)
})

test.for([[], ['--bail=1'], ['--retry=1'], ['--shard=2/3']])(
  'with %j the results are those of plain Vitest',
  async (args) => {
    const { plain, isolated } = plainAndIsolated({
      fixture: 'outcomes',
      test: { fileParallelism: false, ...reuse },
    })
    const expected = await runWithReports(plain, args)
    const seen = await runWithReports(isolated, args)
    expect(withoutRunnersFrames(seen.json)).toEqual(withoutRunnersFrames(expected.json))
    expect(seen.unhandled).toEqual(expected.unhandled)
    expect(seen.exitCode).toBe(expected.exitCode)
  },
)

test.for(['jsdom', 'happy-dom'])('%s is a new one for each file', async (base) => {
  await passes({
    files: alike(
      3,
      `
      import { expect, test } from 'vitest'
      test('has a document of its own', () => {
        expect(document.body.innerHTML).toBe('')
        expect(window.left).toBe(undefined)
        document.body.innerHTML = '<p>left</p>'
        window.left = 1
      })`,
    ),
    test: { maxWorkers: 1, environmentOptions: { netns: { reuse: true, base } } },
  })
})

const writesAndListens = `
  import { existsSync, writeFileSync } from 'node:fs'
  import { createServer } from 'node:net'
  import { expect, test } from 'vitest'
  test('finds no file and no server of another', async () => {
    for (const path of ['/tmp/left', 'left']) {
      expect(existsSync(path)).toBe(false)
      writeFileSync(path, 'left')
    }
    await new Promise((resolve, reject) => createServer().on('error', reject).listen(80, resolve))
  })`

test.for([oneWorker, { isolate: false, maxWorkers: 1 }])(
  'with %j files do not see what others wrote, and listen on the same port',
  async (settings) => {
    const output = await passes({ files: alike(3, writesAndListens), test: settings })
    expect(output).toContain('Isolated  3 files in 3 sandboxes')
  },
)

test('with isolate: false modules are shared, as the user asked', async () => {
  const output = await passes({
    files: {
      'counter.js': 'let count = 0\nexport const next = () => ++count',
      ...alike(
        3,
        `
        import { test } from 'vitest'
        import { next } from './counter.js'
        test('counts', () => console.log('count', next()))`,
      ),
    },
    test: { isolate: false, maxWorkers: 1 },
  })
  expect(output.match(/count \d/g)).toEqual(['count 1', 'count 2', 'count 3'])
})

test('files that fs.keep names are written back when each file ends', async () => {
  const project = new VitestProject({
    files: alike(
      2,
      `
      import { mkdirSync, writeFileSync } from 'node:fs'
      import { test } from 'vitest'
      test('writes', ({ task }) => {
        mkdirSync('artifacts', { recursive: true })
        writeFileSync('artifacts/' + task.file.name + '.txt', 'kept', { mode: 0o640 })
      })`,
    ),
    test: {
      maxWorkers: 1,
      environmentOptions: { netns: { reuse: true, fs: { keep: ['artifacts/**'] } } },
    },
  })
  const { output } = await project.run()
  expect(project.list()).toContain('artifacts/f0.test.js.txt')
  expect(project.list()).toContain('artifacts/f1.test.js.txt')
  expect(output).toContain('Kept  2 files')
})
