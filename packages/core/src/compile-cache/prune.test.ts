import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { pruneCompileCache } from './prune.ts'

let cache: string

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'netns-prune-'))
  mkdirSync(join(cache, 'v24'))
})

afterEach(() => {
  rmSync(cache, { recursive: true })
})

/** The lower its number, the longer ago was an entry used. */
function add(first: number, count: number): void {
  for (let number = first; number < first + count; number++) {
    const path = join(cache, 'v24', String(number))
    writeFileSync(path, '12345678')
    utimesSync(path, number, number)
  }
}

function entries(): number[] {
  return readdirSync(join(cache, 'v24'))
    .map(Number)
    .toSorted((a, b) => a - b)
}

test.for([
  { above: 'the number of entries', limits: { entries: 8, sizeBytes: 1000 } },
  { above: 'the size', limits: { entries: 100, sizeBytes: 64 } },
])('above $above the oldest go until three quarters are left', ({ limits }) => {
  add(1, 9)
  pruneCompileCache(cache, limits)
  expect(entries()).toEqual([4, 5, 6, 7, 8, 9])
})

test('entries that came since a look that found nothing to do are looked at', () => {
  const limits = { entries: 8, sizeBytes: 1000 }
  add(1, 8)
  pruneCompileCache(cache, limits)
  expect(entries()).toHaveLength(8)
  add(9, 1)
  pruneCompileCache(cache, limits)
  expect(entries()).toEqual([4, 5, 6, 7, 8, 9])
})

test('where none came, none is looked at', () => {
  add(1, 8)
  pruneCompileCache(cache, { entries: 8, sizeBytes: 1000 })
  pruneCompileCache(cache, { entries: 1, sizeBytes: 1000 })
  expect(entries()).toHaveLength(8)
})

test('a directory of another version counts', () => {
  const limits = { entries: 8, sizeBytes: 1000 }
  add(1, 8)
  pruneCompileCache(cache, limits)
  mkdirSync(join(cache, 'v26'))
  writeFileSync(join(cache, 'v26', '1'), '')
  pruneCompileCache(cache, limits)
  expect(entries()).toEqual([4, 5, 6, 7, 8])
})

test('a link that a test left there is not followed', () => {
  const target = join(cache, 'target')
  writeFileSync(target, 'whole')
  symlinkSync(target, join(cache, 'netns-looked-at'))
  add(1, 9)
  pruneCompileCache(cache, { entries: 10, sizeBytes: 1000 })
  expect(readFileSync(target, 'utf8')).toBe('whole')
  pruneCompileCache(cache, { entries: 8, sizeBytes: 1000 })
  expect(entries()).toEqual([4, 5, 6, 7, 8, 9])
})

test('of a huge file that a test left there only the beginning is read', () => {
  const stamp = join(cache, 'netns-looked-at')
  writeFileSync(stamp, '')
  truncateSync(stamp, 2 ** 40)
  add(1, 9)
  pruneCompileCache(cache, { entries: 8, sizeBytes: 1000 })
  expect(entries()).toEqual([4, 5, 6, 7, 8, 9])
})

test('a version that is a link keeps what it leads to', () => {
  add(1, 9)
  const other = mkdtempSync(join(tmpdir(), 'netns-prune-'))
  try {
    writeFileSync(join(other, 'of somebody'), 'whole')
    symlinkSync(other, join(cache, 'v26'))
    pruneCompileCache(cache, { entries: 0, sizeBytes: 0 })
    expect(readdirSync(other)).toEqual(['of somebody'])
  } finally {
    rmSync(other, { recursive: true })
  }
  expect(entries()).toEqual([])
})

test.for([
  { what: 'the cache', path: '.', mode: 0o444 },
  { what: 'the cache', path: '.', mode: 0o000 },
  { what: 'a version', path: 'v24', mode: 0o444 },
  { what: 'a version', path: 'v24', mode: 0o555 },
])('whom $what with mode $mode refuses does not fail', ({ path, mode }) => {
  add(1, 9)
  chmodSync(join(cache, path), mode)
  try {
    pruneCompileCache(cache, { entries: 8, sizeBytes: 1000 })
  } finally {
    chmodSync(join(cache, path), 0o755)
  }
  // Root is refused nothing.
  expect(entries()).toHaveLength(process.getuid?.() === 0 ? 6 : 9)
})

test('nobody waits for a pipe that a test left there', () => {
  execFileSync('mkfifo', [join(cache, 'netns-looked-at')])
  add(1, 9)
  pruneCompileCache(cache, { entries: 8, sizeBytes: 1000 })
  expect(entries()).toEqual([4, 5, 6, 7, 8, 9])
})

test('a link in place of the cache keeps what it leads to', () => {
  add(1, 9)
  const link = `${cache}-link`
  symlinkSync(cache, link)
  try {
    pruneCompileCache(link, { entries: 1, sizeBytes: 1 })
  } finally {
    rmSync(link)
  }
  expect(entries()).toHaveLength(9)
})

test('a cache that is not there is left alone', () => {
  pruneCompileCache(join(cache, 'none'))
  expect(entries()).toEqual([])
})
