import { chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join, sep } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { drive, type DriveResult, type Run } from '../support/sandbox-drive.ts'
import {
  everywhere,
  here,
  makeScratch,
  withMountAt,
  type Surroundings,
} from '../support/sandbox-surroundings.ts'

/** A directory that belongs to who runs there, with all parents below the scratch directory. */
function makeDirectory(scratch: string, name: string, { uid, gid }: Surroundings): string {
  let path = scratch
  for (const part of name.split(sep)) {
    path = join(path, part)
    mkdirSync(path, { recursive: true })
    chownSync(path, uid, gid)
  }
  writeFileSync(join(path, 'file'), 'of the host')
  chownSync(join(path, 'file'), uid, gid)
  return path
}

const script = 'pwd; cat file; echo; echo inside > file; echo inside > new; cat file new'
const seen = (project: string) => `${project}\nof the host\ninside\ninside\n`
const work = (project: string, more: Partial<Run> = {}): Run => ({
  command: ['/bin/sh', '-c', script],
  project,
  ...more,
})

const names = {
  spaces: ' with  spaces ',
  quotes: `it's "quoted"`,
  'a colon': 'a:b',
  'a comma': 'a,b',
  'a backslash': 'a\\b\\',
  newlines: 'a\nb\n',
  'letters of other scripts': 'ünïcödé-ディレクトリ-😀',
  'glob characters': '*?[a-z]{x,y}!(z)',
  'shell characters': '$(touch x);`y`&|<>#~',
  'what mount options look like': 'x,upperdir=/tmp,lowerdir=/:/etc',
  'a leading dash': '-rf',
  'control characters': 'a\u0001\u001b[31m\u007f\tb',
  'a very long path': Array.from({ length: 14 }, (_, i) => `${i}-`.padEnd(250, 'n')).join('/'),
}

describe.each(everywhere)('$name', (surroundings) => {
  describe('a project path may hold', () => {
    let projects: string[]
    let answer: DriveResult
    beforeAll(async () => {
      const scratch = makeScratch(surroundings)
      projects = Object.values(names).map((name) => makeDirectory(scratch, name, surroundings))
      const runs = projects.map((project) => work(project))
      answer = await drive(surroundings, scratch, { runs, watch: [scratch] })
    })

    test.each(Object.keys(names))('%s', (what) => {
      const index = Object.keys(names).indexOf(what)
      const stdout = seen(projects[index] ?? '')
      expect(answer.results[index]).toMatchObject({ stdout, stderr: '', end: { exitCode: 0 } })
      expect(answer.changed).toEqual([])
    })
  })

  test('options may name paths of any characters', async () => {
    const scratch = makeScratch(surroundings)
    const odd = names['what mount options look like'].replaceAll('/', '_')
    for (const name of ['copied', 'hidden', 'readonly', 'private']) {
      makeDirectory(scratch, `${odd}${name}`, surroundings)
    }
    const { results, changed } = await drive(surroundings, scratch, {
      runs: [
        {
          command: [
            '/bin/sh',
            '-c',
            'for d in *; do echo "$d"; ls "$d"; done; touch ./*readonly/file',
          ],
          options: {
            fs: {
              copy: [`${odd}copied`],
              hide: [`${odd}hidden`],
              readonly: [`${odd}readonly`],
              private: [`${odd}private`],
            },
          },
        },
      ],
      watch: [scratch],
    })
    expect(results[0]?.stdout.split('\n')).toEqual([
      `${odd}copied`,
      'file',
      `${odd}private`,
      `${odd}readonly`,
      'file',
      '',
    ])
    expect(results[0]?.stderr).toMatch(/Read-only file system/)
    expect(changed).toEqual([])
  })

  test.each(['/tmp', '/var/tmp'])(
    'a project may lie below %s, which is private all the same',
    async (parent) => {
      const scratch = makeScratch(surroundings)
      const top = join(parent, basename(scratch))
      const project = join(top, 'deep/project')
      const { results, afterwards } = await drive(surroundings, scratch, {
        setUp: `mkdir -p ${project}; printf 'of the host' > ${project}/file; echo > ${top}-beside`,
        runs: [work(project, { command: ['/bin/sh', '-c', `${script}; ls ${parent}`] })],
        afterwards: `cat ${project}/*; rm -r ${top} ${top}-beside`,
      })
      const [entries = ''] = results[0]?.stdout.split('inside\n').slice(2) ?? []
      expect(results[0]?.stdout.startsWith(seen(project))).toBe(true)
      expect(entries.split('\n')).toContain(basename(scratch))
      expect(entries.split('\n')).not.toContain(`${basename(scratch)}-beside`)
      expect(afterwards).toBe('of the host')
    },
  )

  test('the working directory may be a symbolic link', async () => {
    const scratch = makeScratch(surroundings)
    const project = makeDirectory(scratch, 'real/project', surroundings)
    symlinkSync('real/project', join(scratch, 'link'))
    const { results, changed } = await drive(surroundings, scratch, {
      runs: [work(join(scratch, 'link'), { command: ['/bin/sh', '-c', `pwd -P; ${script}`] })],
      watch: [scratch],
    })
    expect(results[0]?.stderr).toBe('')
    expect(results[0]?.stdout.split('\n').slice(0, 1)).toEqual([project])
    expect(results[0]?.stdout).toMatch(/of the host\ninside\ninside\n$/)
    expect(changed).toEqual([])
  })

  test('HOME may be unwritable', async () => {
    const scratch = makeScratch(surroundings)
    const env = { HOME: '/usr' }
    const { results } = await drive(surroundings, scratch, {
      runs: [{ command: ['/bin/sh', '-c', 'echo ~; touch ~/x && echo written'], env }],
    })
    expect(results[0]?.stdout).toBe(surroundings.isRoot ? '/usr\nwritten\n' : '/usr\n')
  })

  test('file names may be any bytes', async () => {
    const scratch = makeScratch(surroundings)
    // Not UTF-8; a JavaScript string cannot name it.
    const make = (text: string) => `n=$(printf 'a\\377\\376b'); printf ${text} > "$n"`
    const { results, afterwards } = await drive(surroundings, scratch, {
      setUp: make('host'),
      runs: [{ command: ['/bin/sh', '-c', `cat a*; ${make('inside')}; cat a*; ls | od -An -tx1`] }],
      afterwards: 'cat a*',
    })
    expect(results[0]?.stdout).toBe('hostinside 61 ff fe 62 0a\n')
    expect(afterwards).toBe('host')
  })
})

test('a project may be a mount of its own', async () => {
  const scratch = makeScratch(here)
  const project = join(scratch, 'mounted')
  const { results, afterwards } = await drive(withMountAt(project), scratch, {
    setUp: `printf 'of the host' > ${project}/file`,
    runs: [work(project)],
    afterwards: `cat ${project}/*`,
  })
  expect(results[0]).toMatchObject({ stdout: seen(project), stderr: '' })
  expect(afterwards).toBe('of the host')
})

test('a project may hold mounts', async () => {
  const scratch = makeScratch(here)
  const mount = join(scratch, 'deep/mounted')
  const { results, changed } = await drive(withMountAt(mount), scratch, {
    setUp: `printf 'of the host' > ${mount}/file; echo beside > deep/beside`,
    runs: [
      work(scratch, {
        cwd: mount,
        command: ['/bin/sh', '-c', `${script}; cat ../beside; rm ../beside`],
      }),
    ],
    watch: [scratch],
  })
  expect(results[0]).toMatchObject({ stdout: `${seen(mount)}beside\n`, stderr: '' })
  expect(changed).toEqual([])
})
