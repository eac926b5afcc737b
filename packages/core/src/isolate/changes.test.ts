import { expect, test } from 'vitest'
import { parseChanges } from './changes.ts'

const line = (path: string, now: string, before: string): string =>
  JSON.stringify({ event: 'difference', path, now, before })

test('what is there now and was not is created, the reverse deleted, the rest modified', () => {
  const lines = [
    line('/b', 'file', 'none'),
    line('/c', 'none', 'directory'),
    line('/a', 'symlink', 'file'),
  ]
  expect(parseChanges(`${lines.join('\n')}\n`)).toEqual([
    { type: 'modified', path: '/a', kind: 'symlink' },
    { type: 'created', path: '/b', kind: 'file' },
    { type: 'deleted', path: '/c', kind: 'directory' },
  ])
})

test('a path that several layers hold is listed once', () => {
  const twice = `${line('/a', 'file', 'none')}\n${line('/a', 'file', 'none')}\n`
  expect(parseChanges(twice)).toHaveLength(1)
})

test('bytes of a name are decoded as UTF-8', () => {
  const latin1 = Buffer.from('/ä').toString('latin1')
  expect(parseChanges(line(latin1, 'file', 'none'))[0]?.path).toBe('/ä')
})
