import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { drive, outcomesOf, probeCommand, type Outcomes } from '../support/sandbox-drive.ts'
import { everywhere, makeScratch } from '../support/sandbox-surroundings.ts'

/** What the host has before: one file for each way to change it. */
const setUp = `
mkdir -p home project; cd project
for name in kept appended in-place truncated truncated-open removed renamed renamed-over chmodded timed linked behind-link
do echo "old $name" > $name; done
mkdir empty directory; mkdir -p tree/a/b; echo x > tree/a/b/file; echo y > tree/file; ln kept second-name
ln -s kept link; ln -s behind-link link-to-write; chmod 640 kept; touch -d 2001-01-01 kept
echo profile > ../home/.profile`

/** Where other programs write all the time, but in a container; and other tests, where the repository is. */
const quiet = ['/tmp', '/run', '/dev/shm'].filter(
  (directory) => !import.meta.dirname.startsWith(`${directory}/`),
)

const expected: Record<string, unknown> = {
  readsTheHost: ['old kept\n', 'kept', 'old kept\n', 2],
  write: 'new',
  append: 'old appended\n more',
  overwriteInPlace: 'oXX in-place\n',
  truncate: 'old',
  truncateOpen: 'o',
  create: 'x',
  makeDirectory: true,
  remove: false,
  removeTree: false,
  removeEmptyDirectory: false,
  makeAgainWhatWasRemoved: [],
  rename: [false, 'old renamed\n'],
  renameOver: 'fresh',
  chmod: 0o751,
  chmodDirectory: 0o700,
  utimes: 2000,
  hardLink: ['old linked\n!', 2],
  symbolicLink: 'linked',
  replaceSymbolicLink: 'elsewhere',
  writeThroughSymbolicLink: ['through', true],
  extendedAttribute: '1',
  fifo: 'through\n',
  inHome: 'profile\nchanged',
}

describe.each(everywhere)('$name', (surroundings) => {
  let inside: Outcomes
  let changed: readonly string[]

  beforeAll(async () => {
    const scratch = makeScratch(surroundings)
    const project = join(scratch, 'project')
    const home = join(scratch, 'home')
    const command = probeCommand('changes', { home })
    const answer = await drive(surroundings, scratch, {
      setUp,
      runs: [{ command, project, env: { HOME: home } }],
      watch: [
        scratch,
        '/etc',
        '/usr/bin',
        '/usr/local',
        ...(surroundings.isContainer ? quiet : []),
      ],
    })
    inside = outcomesOf(answer.results[0])
    changed = answer.changed
  })

  test.each(Object.keys(expected))('a test can change what it likes: %s', (probe) => {
    expect(inside[probe]).toHaveProperty('value', expected[probe])
  })

  test('of all changes none reaches the host: names, modes, times and content are the same', () => {
    expect(Object.keys(inside)).toEqual(Object.keys(expected))
    expect(changed).toEqual([])
  })
})

test('the comparison of host states sees each change', async () => {
  const [here] = everywhere
  if (!here) throw new Error('no surroundings')
  const scratch = makeScratch(here)
  const shared = join(scratch, 'shared')
  const { changed } = await drive(here, scratch, {
    setUp:
      'mkdir shared; cd shared; echo 1 > content; echo 1 > mode; echo 1 > time; echo 1 > gone; ln -s a link',
    runs: [
      {
        command: [
          '/bin/sh',
          '-euc',
          'cd shared; echo 2 > content; chmod 600 mode; touch -d 2001-01-01 time; rm gone; ln -sfn b link; echo 1 > more',
        ],
        options: { fs: { bind: { [shared]: shared } } },
      },
    ],
    watch: [shared],
  })
  const names = changed.map((path) => path.slice(shared.length)).toSorted()
  expect(names).toEqual(['', '/content', '/gone', '/link', '/mode', '/more', '/time'])
})
