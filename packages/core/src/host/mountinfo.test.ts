import { expect, test } from 'vitest'
import { encodeBytes } from '../paths/bytes.ts'
import { parseMountinfo, visibleMounts } from './mountinfo.ts'

function parse(...lines: string[]) {
  return parseMountinfo(Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1'))
}

function visible(...lines: string[]) {
  return visibleMounts(parse(...lines)).map(({ id, mountPoint }) => `${id} ${mountPoint}`)
}

test('a line with optional fields is parsed by the hyphen that ends them', () => {
  expect(
    parse(
      '36 35 98:0 /mnt1 /mnt2 rw,noatime shared:1 master:2 - ext3 /dev/root rw,errors=continue',
    ),
  ).toMatchInlineSnapshot(`
    [
      {
        "fsType": "ext3",
        "id": 36,
        "mountPoint": "/mnt2",
        "options": [
          "rw",
          "noatime",
        ],
        "parentId": 35,
        "root": "/mnt1",
        "source": "/dev/root",
        "superOptions": [
          "rw",
          "errors=continue",
        ],
      },
    ]
  `)
})

test('a line without optional fields is parsed', () => {
  expect(parse('22 27 0:21 / /proc ro - proc proc rw')).toMatchObject([
    { mountPoint: '/proc', fsType: 'proc', options: ['ro'] },
  ])
})

test('a mount point named "-" is no end of the optional fields', () => {
  expect(parse('22 27 0:21 / - rw - tmpfs none rw')).toMatchObject([
    { mountPoint: '-', fsType: 'tmpfs' },
  ])
})

test('octal escapes become the bytes that they stand for', () => {
  const [mount] = parse(String.raw`30 27 0:21 / /a\040b\011c\012d\134e rw - tmpfs t\040x rw`)
  expect(mount).toMatchObject({ mountPoint: '/a b\tc\nd\\e', source: 't x' })
})

test('a mount point in UTF-8 reads as text, and one that is not keeps its bytes', () => {
  const [utf8, other] = parse(
    '30 27 0:21 / /\u00c3\u00a4 rw - tmpfs t rw',
    '31 27 0:21 / /\u00e4\u00ff rw - tmpfs t rw',
  )
  expect(utf8?.mountPoint).toBe('/ä')
  expect(encodeBytes(other?.mountPoint ?? '')).toEqual(Buffer.from([0x2f, 0xe4, 0xff]))
})

test('a mount whose directory was removed is left out', () => {
  expect(parse('30 27 0:21 / /gone//deleted rw - tmpfs t rw')).toEqual([])
})

test('a mount on top of another one hides it and what is mounted in it', () => {
  expect(
    visible(
      '1 0 8:1 / / rw - ext4 a rw',
      '2 1 0:2 / /mnt rw - tmpfs a rw',
      '3 2 0:3 / /mnt/below rw - tmpfs a rw',
      '4 2 0:4 / /mnt rw - tmpfs b rw',
    ),
  ).toEqual(['1 /', '4 /mnt'])
})

test('a mount on a directory hides what was mounted below that directory before', () => {
  expect(
    visible(
      '1 0 8:1 / / rw - ext4 a rw',
      '2 1 0:2 / /a/b rw - tmpfs a rw',
      '3 1 0:3 / /a rw - tmpfs a rw',
    ),
  ).toEqual(['1 /', '3 /a'])
})

test('parents come before their children', () => {
  expect(
    visible(
      '5 4 0:2 / /a/b rw - tmpfs a rw',
      '4 1 0:2 / /a rw - tmpfs a rw',
      '1 0 8:1 / / rw - ext4 a rw',
    ),
  ).toEqual(['1 /', '4 /a', '5 /a/b'])
})

test('the root of an initial RAM disk is hidden by the root on top of it', () => {
  expect(
    visible(
      '1 1 0:1 / / rw - rootfs rootfs rw',
      '27 1 8:1 / / rw - ext4 a rw',
      '28 27 0:2 / /tmp rw - tmpfs a rw',
    ),
  ).toEqual(['27 /', '28 /tmp'])
})
