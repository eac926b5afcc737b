import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { FsOptions } from '@netns/core'
import { describe, expect, test } from 'vitest'
import { drive, type Run } from '../support/sandbox-drive.ts'
import { everywhere, makeScratch, type Surroundings } from '../support/sandbox-surroundings.ts'

/** Runs a script in a new project whose `fs.keep` is given; `project` is where to look for what was kept. */
async function run(
  surroundings: Surroundings,
  script: string,
  { keep = ['out/**'], setUp = ':', more = {} as Partial<Run> } = {},
) {
  const scratch = makeScratch(surroundings)
  const project = join(scratch, 'project')
  const { results } = await drive(surroundings, scratch, {
    setUp: `mkdir project; cd project; ${setUp}`,
    runs: [
      {
        command: ['/bin/sh', '-euc', script],
        project,
        ...more,
        options: { ...more.options, fs: { ...more.options?.fs, keep } },
      },
    ],
  })
  const result = results[0]
  if (!result || result.error) throw new Error(JSON.stringify(result))
  const kept = result.end.kept.map(({ path }) => path.slice(project.length + 1)).toSorted()
  return { scratch, project, result, kept }
}

const read = (...path: string[]) => readFileSync(join(...path), 'utf8')

describe.each(everywhere)('$name', (surroundings) => {
  test('files that match are kept with content, mode and time, all others vanish', async () => {
    const script = `mkdir -p out/deep; echo report > out/report.txt; echo deep > out/deep/x; chmod 640 out/deep/x
      touch -d '2001-02-03 UTC' out/report.txt; echo other > other; echo changed > old`
    const { project, kept } = await run(surroundings, script, { setUp: 'echo old > old' })
    expect(kept).toEqual(['out/deep/x', 'out/report.txt'])
    expect(readdirSync(project).toSorted()).toEqual(['old', 'out'])
    expect([read(project, 'out/report.txt'), read(project, 'out/deep/x')]).toEqual([
      'report\n',
      'deep\n',
    ])
    expect(read(project, 'old')).toBe('old\n')
    expect(statSync(join(project, 'out/deep/x')).mode & 0o777).toBe(0o640)
    expect(statSync(join(project, 'out/report.txt')).mtime.toISOString()).toBe(
      '2001-02-03T00:00:00.000Z',
    )
    expect(statSync(join(project, 'out/report.txt')).uid).toBe(surroundings.uid)
  })

  test('a file of the project that was changed is kept, one that was only read is not', async () => {
    const setUp =
      'mkdir out; for name in changed read rewritten; do echo old > out/$name; done; ln out/read second'
    const script =
      'cat out/read; echo new >> out/changed; chmod 600 out/rewritten; mv out/changed out/moved'
    const { project, kept } = await run(surroundings, script, { setUp })
    expect(kept).toContain('out/moved')
    expect(kept).not.toContain('out/read')
    expect(read(project, 'out/moved')).toBe('old\nnew\n')
    // Nothing is taken away on the host.
    expect(existsSync(join(project, 'out/changed'))).toBe(true)
  })

  test('files are kept however the worker ends', async () => {
    const endings = ['exit 0', 'exit 3', 'kill -KILL $$', 'kill -SEGV $$']
    for (const ending of endings) {
      const { project, kept } = await run(surroundings, `mkdir out; echo x > out/x; ${ending}`)
      expect([ending, kept, read(project, 'out/x')]).toEqual([ending, ['out/x'], 'x\n'])
    }
  })

  test('symbolic links are kept as links', async () => {
    const script =
      'mkdir out; ln -s /etc/hosts out/absolute; ln -s x out/relative; ln -s /no/such out/broken'
    const { project, kept } = await run(surroundings, script)
    expect(kept).toEqual(['out/absolute', 'out/broken', 'out/relative'])
    expect(kept.map((name) => readlinkSync(join(project, name)))).toEqual([
      '/etc/hosts',
      '/no/such',
      'x',
    ])
  })

  test('a link on the way does not let a file out of the project', async () => {
    const setUp = 'mkdir ../outside; ln -s ../outside out'
    const script = 'rm out; mkdir out; echo evil > out/file'
    const { scratch, kept, result } = await run(surroundings, script, { setUp })
    expect(readdirSync(join(scratch, 'outside'))).toEqual([])
    expect(kept).toEqual([])
    expect(result.end.keepFailures).toEqual([
      expect.objectContaining({
        code: 'NETNS_KEEP_FAILED',
        path: expect.stringMatching(/\/out\/file$/),
      }),
    ])
  })

  test('no glob reaches what is outside the project', async () => {
    const script = 'mkdir -p out; echo x > ../beside; echo x > /tmp/x; echo x > out/x'
    const { scratch, kept } = await run(surroundings, script, { keep: ['**', '{.,..}/**'] })
    expect(kept).toEqual(['out/x'])
    expect(readdirSync(scratch)).toEqual(['project'])
  })

  test('names may be odd', async () => {
    const script = `mkdir out; cd out; for name in 'a b' "it's" 'new
line' '-rf' 'ü' '*' 'c:d,e\\f' "$(printf 'x\\377y')"; do echo hi > "./$name"; done`
    const { project, kept } = await run(surroundings, script)
    expect(kept).toHaveLength(8)
    const names = readdirSync(join(project, 'out'), 'latin1')
    expect(names.toSorted()).toEqual(
      ['a b', "it's", 'new\nline', '-rf', '\u00c3\u00bc', '*', 'c:d,e\\f', 'x\u00ffy'].toSorted(),
    )
  })

  test('what is no file is not kept, and hinders nothing', async () => {
    const script = 'mkdir -p out/empty; mkfifo out/fifo; echo x > out/x'
    const { project, kept } = await run(surroundings, script)
    expect(kept).toEqual(['out/x'])
    expect(readdirSync(join(project, 'out'))).toEqual(['x'])
  })

  test('a large file and a thousand small ones are kept whole', async () => {
    const script = `mkdir out; head -c 20000000 /dev/zero > out/large
      i=0; while [ $i -lt 1000 ]; do echo $i > out/$i; i=$((i+1)); done`
    const { project, kept } = await run(surroundings, script)
    expect(kept).toHaveLength(1001)
    expect(statSync(join(project, 'out/large')).size).toBe(20_000_000)
    expect(read(project, 'out/999')).toBe('999\n')
  })

  const places: [string, FsOptions][] = [
    ['fs.copy', { copy: ['out'] }],
    ['fs.private', { private: ['out'] }],
    ["fs.mode 'readonly' with fs.writable", { mode: 'readonly', writable: ['out'] }],
  ]

  test.each(places)('files below %s are kept too', async (_, fs) => {
    const setUp = 'mkdir out; echo old > out/old'
    const more = { options: { fs } }
    const { project, kept } = await run(surroundings, 'echo new > out/new', { setUp, more })
    expect(kept).toEqual(['out/new'])
    expect([read(project, 'out/new'), read(project, 'out/old')]).toEqual(['new\n', 'old\n'])
  })

  test('when the launcher is killed nothing is kept, and nothing half', async () => {
    const { project, kept, result } = await run(
      surroundings,
      'mkdir out; echo x > out/x; echo ready; while :; do sleep 1; done',
      { more: { killAfterLine: 'launcher' } },
    )
    expect(result.end.signal).toBe('SIGKILL')
    expect([kept, readdirSync(project)]).toEqual([[], []])
  })

  test('when the worker is killed what it wrote is kept', async () => {
    const { project, kept } = await run(
      surroundings,
      'mkdir out; echo x > out/x; echo ready; while :; do sleep 1; done',
      { more: { killAfterLine: 'worker' } },
    )
    expect([kept, read(project, 'out/x')]).toEqual([['out/x'], 'x\n'])
  })

  test('a destination that cannot be written is reported with its path, the others are kept', async () => {
    const { project, kept, result } = await run(
      surroundings,
      'rm -r out/taken; echo x > out/taken; echo y > out/free',
      { setUp: 'mkdir -p out/taken/full' },
    )
    expect(kept).toEqual(['out/free'])
    expect(result.end.keepFailures).toEqual([
      expect.objectContaining({
        code: 'NETNS_KEEP_FAILED',
        errno: 'EISDIR',
        path: join(project, 'out/taken'),
      }),
    ])
    expect(lstatSync(join(project, 'out/taken')).isDirectory()).toBe(true)
  })

  test('the project may be given by a symbolic link', async () => {
    const scratch = makeScratch(surroundings)
    const { results } = await drive(surroundings, scratch, {
      setUp: 'mkdir real; ln -s real link',
      runs: [
        {
          command: ['/bin/sh', '-c', 'mkdir out; echo x > out/x'],
          project: join(scratch, 'link'),
          options: { fs: { keep: ['out/**'] } },
        },
      ],
    })
    expect(results[0]?.end.kept.map(({ path }) => basename(path))).toEqual(['x'])
    expect(read(scratch, 'real/out/x')).toBe('x\n')
  })
})
