import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { launchersBelow } from '../support/sandbox-counts.ts'
import { leavesIsolateOpen } from '../support/left-open.ts'
import { childrenOf, expectNoneWith, hostMounts, initOf } from '../support/sandbox-leftovers.ts'
import { plainAndIsolated, VitestProject } from '../support/vitest-project.ts'
import { runWithReports } from '../support/vitest-reports.ts'
import { Session } from '../support/session.ts'

const oneWorker = { maxWorkers: 1, environmentOptions: { netns: { reuse: true } } }

const printsPid = `
  import { test } from 'vitest'
  test('runs', () => console.log('pid', process.pid))`

function pidsIn(output: string): string[] {
  return output.match(/pid \d+/g) ?? []
}

async function passes(project: VitestProject): Promise<string> {
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
  return output
}

/** A package that Node keeps: files of a process can tell which of them they are, in whatever order they come. */
const counts = {
  'node_modules/counts/package.json': '{ "name": "counts", "type": "module", "main": "i.js" }',
  'node_modules/counts/i.js': 'let count = 0\nexport const next = () => ++count',
}

/** Files of the same content. */
function alike(count: number, content: string): Record<string, string> {
  const names = Array.from({ length: count }, (_, index) => `f${index}.test.js`)
  return Object.fromEntries(names.map((name) => [name, content]))
}

test('nothing is left of processes that wait for a file when the runner is killed', async () => {
  const project = new VitestProject({
    files: {
      'ends.test.js': printsPid,
      'hangs.test.js': `
        import { test } from 'vitest'
        test('hangs', { timeout: 600_000 }, async () => {
          console.log('hanging')
          await new Promise(() => {})
        })`,
    },
    test: { ...oneWorker, maxWorkers: 2 },
  })
  const mounts = hostMounts()
  const session = new Session(project.start(['run', '--reporter=verbose']))
  await session.until(/(?:hanging[^]*✓[^]*runs)|(?:✓[^]*runs[^]*hanging)/)
  const runner = session.process.pid ?? 0
  const launchers = launchersBelow(runner)
  expect(launchers).toHaveLength(2)
  const inside = launchers.flatMap((launcher) => initOf(launcher) ?? [])
  expect(inside.flatMap(childrenOf)).toHaveLength(2)
  session.process.kill('SIGKILL')
  await session.ended
  await expectNoneWith(project.directory)
  expect(hostMounts()).toEqual(mounts)
})

test('files whose process dies are reported as plain Vitest reports them, also right after another file', async () => {
  const { plain, isolated } = plainAndIsolated({
    fixture: 'crashes',
    test: { ...oneWorker, execArgv: ['--max-old-space-size=64'] },
  })
  const expected = await runWithReports(plain)
  const seen = await runWithReports(isolated)
  expect(seen.json).toEqual(expected.json)
  expect(seen.unhandled).toEqual(expected.unhandled)
})

test('a process that keeps more than half of the heap that it may have is not used again', async () => {
  const project = new VitestProject({
    files: {
      'node_modules/hoard/package.json': '{ "name": "hoard", "type": "module", "main": "i.js" }',
      'node_modules/hoard/i.js': `
        import { getHeapStatistics as heap } from 'node:v8'
        const hoard = []
        export function grow() {
          while (heap().used_heap_size < 0.6 * heap().heap_size_limit)
            hoard.push(new Array(1_000_000).fill(0))
        }`,
      ...alike(
        3,
        `
        import { grow } from 'hoard'
        import { test } from 'vitest'
        test('grows', () => void console.log('pid', process.pid, grow()))`,
      ),
    },
    test: { ...oneWorker, execArgv: ['--max-old-space-size=200', '--max-semi-space-size=1'] },
  })
  const output = await passes(project)
  expect(new Set(pidsIn(output)).size, output).toBe(3)
  expect(output).toMatch(/3 workers were not re-used: the heap was over \d+ MiB after a file/)
})

/** A thread that comes to take no signal, when a file asks for it, cannot be moved into the next file's network. */
const stopsListening = `
  #define _GNU_SOURCE
  #include <fcntl.h>
  #include <pthread.h>
  #include <signal.h>
  #include <sys/syscall.h>
  #include <unistd.h>
  static void *listens(void *nothing) {
    unsigned long all = ~0UL; // the C library would leave its own signals out
    while (access("/tmp/stop", F_OK)) usleep(1000);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof all);
    close(open("/tmp/stopped", O_CREAT | O_WRONLY, 0600));
    for (;;) pause();
    return nothing;
  }
  __attribute__((constructor)) static void starts(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, listens, NULL);
  }`

test('a process that cannot be moved into the next sandbox is replaced before its file begins', async () => {
  const project = new VitestProject({
    files: {
      ...counts,
      'thread.c': stopsListening,
      ...alike(
        4,
        `
        import { next } from 'counts'
        import { createSocket } from 'node:dgram'
        import { existsSync, writeFileSync } from 'node:fs'
        import { constants } from 'node:os'
        import { expect, test, vi } from 'vitest'
        const count = next()
        console.log('pid', process.pid)
        test.runIf(count === 1)('loads a library that has a thread, and is no add-on of Node', () => {
          const path = import.meta.dirname + '/thread.node'
          expect(() => process.dlopen({ exports: {} }, path, constants.dlopen.RTLD_NOW)).toThrow('register')
        })
        test.runIf(count === 2)('asks the thread to listen no more', async () => {
          writeFileSync('/tmp/stop', '')
          await vi.waitFor(() => expect(existsSync('/tmp/stopped')).toBe(true))
          // In a network that nobody has used it could stay.
          const socket = createSocket('udp4')
          await new Promise((sent) => socket.send('used', 9, '127.0.0.1', sent))
          socket.close()
        })
        test('is no third file', () => expect(count).toBeLessThan(3))`,
      ),
    },
    test: oneWorker,
  })
  const library = project.path('thread.node')
  const stays = '-Wl,-z,nodelete'
  const source = project.path('thread.c')
  execFileSync('cc', ['-shared', '-fPIC', '-pthread', stays, '-o', library, source])
  const output = await passes(project)
  expect(new Set(pidsIn(output)).size).toBe(2)
  expect(output).toMatch(/1 worker was not re-used: .*thread/)
  expect(output).toContain('Isolated  4 files in 4 sandboxes')
})

test('a process that has lost its control socket is not used again', async () => {
  const closes = `
    import { execFileSync } from 'node:child_process'
    import { closeSync } from 'node:fs'
    import { test } from 'vitest'
    test('closes what it did not open', () => {
      console.log('pid', process.pid)
      // Where a process has begun the end of the file needs PID 1; elsewhere only the next file does.
      execFileSync('true')
      closeSync(5)
    })`
  const output = await passes(new VitestProject({ files: alike(3, closes), test: oneWorker }))
  expect(new Set(pidsIn(output)).size, output).toBe(3)
  expect(output).toContain('3 workers were not re-used')
})

test.for(['process.kill(process.pid, "SIGKILL")', 'process.abort()', 'process.reallyExit(3)'])(
  'what fs.keep names is written back when a re-used process ends by %s in the middle of a file',
  async (dies) => {
    const writes = `
      import { next } from 'counts'
      import { mkdirSync, writeFileSync } from 'node:fs'
      import { test } from 'vitest'
      test('writes', ({ task }) => {
        mkdirSync('artifacts', { recursive: true })
        writeFileSync('artifacts/' + task.file.name + next(), 'kept')
        writeFileSync('other', '')
      })
      test('may die', () => {
        if (next() === 4) ${dies}
      })`
    const project = new VitestProject({
      files: { ...counts, ...alike(3, writes) },
      test: {
        maxWorkers: 1,
        environmentOptions: { netns: { reuse: true, fs: { keep: ['artifacts/**'] } } },
      },
    })
    const { output, exitCode } = await project.run()
    expect(exitCode, output).toBe(1)
    const kept = project.list().filter((path) => path.startsWith('artifacts/'))
    expect(kept.map((path) => path.replace(/f\d/, 'f')).toSorted()).toEqual([
      'artifacts/f.test.js1',
      'artifacts/f.test.js1',
      'artifacts/f.test.js3',
    ])
    for (const path of kept) expect(readFileSync(project.path(path), 'utf8')).toBe('kept')
    expect(project.list()).not.toContain('other')
    expect(output).toContain('Kept  3 files')
  },
)

test('a process that has no descriptor left for a network is replaced', async () => {
  const project = new VitestProject({
    files: alike(
      3,
      `
      import { createSocket } from 'node:dgram'
      import { openSync } from 'node:fs'
      import { setTimeout as pause } from 'node:timers/promises'
      import { test } from 'vitest'
      test('opens what it can', async () => {
        console.log('pid', process.pid)
        const socket = createSocket('udp4')
        await new Promise((sent) => socket.send('used', 9, '127.0.0.1', sent))
        await new Promise((closed) => socket.close(closed))
        // Again for those that are closed meanwhile.
        for (let round = 0; round < 3; round++) {
          try {
            for (;;) openSync('/dev/null')
          } catch (error) {
            if (error.code !== 'EMFILE') throw error
          }
          await pause(20)
        }
      })`,
    ),
    test: {
      ...oneWorker,
      environmentOptions: { netns: { reuse: true, limits: { openFiles: 256 } } },
    },
  })
  const output = await passes(project)
  expect(new Set(pidsIn(output)).size, output).toBe(3)
  expect(output).toMatch(/2 workers were not re-used: .*no descriptor left/)
})

test('an isolate() that a file left open ends with the file', async () => {
  const imports = `
    import { existsSync, writeFileSync, writeSync } from 'node:fs'
    import { isolate } from 'vitest-environment-netns'
    import { beforeAll, expect, test } from 'vitest'`
  const project = new VitestProject({
    files: alike(3, imports + leavesIsolateOpen),
    test: oneWorker,
  })
  const output = await passes(project)
  expect(output.match(/NETNS_ISOLATE_DISPOSED/g), output).toHaveLength(6)
  expect(new Set(pidsIn(output)).size, output).toBe(1)
  expect(output).toContain('3 × isolate()')
})

test('a promise that fails after the end of its file does not stop the run', async () => {
  const content = `
    import { test } from 'vitest'
    // As many as it takes: from before the file's end to after the next one's beginning.
    const turns = Number(/f(\\d+)/.exec(import.meta.url)[1]) % 10
    test('leaves a promise', () => {
      ;(async () => {
        for (let turn = 0; turn < turns; turn++) await new Promise((r) => setImmediate(r))
        throw new Error('late')
      })()
    })`
  const project = new VitestProject({ files: alike(20, content), test: oneWorker })
  const { output } = await project.run()
  expect(output).toContain('20 passed')
})
