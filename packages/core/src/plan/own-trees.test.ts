import { expect, test } from 'vitest'
import { kindsAt, plan, stepsAt } from './plan-sandbox.test.fixture.ts'

const uid = 1000

test('a project of the user in a directory of root gets an overlay of its own at the topmost own directory', () => {
  const sandbox = plan({
    project: '/srv/team/me/app',
    host: { uid, nodes: { '/srv/team/me': { uid } } },
  })
  expect(kindsAt(sandbox, '/srv')).toEqual(['overlay'])
  expect(stepsAt(sandbox, '/srv/team/me')).toEqual([
    ['overlay', 'root/srv/team/me', expect.any(String), '755', '-', '-', '-'],
  ])
  expect(sandbox.degrees).toEqual([])
})

test('a project in a home directory needs none', () => {
  const sandbox = plan({ host: { uid, nodes: {} } })
  expect(sandbox.uppers.map(({ insidePath }) => insidePath)).not.toContain('/home/me')
})

test('a group on the way that is not mapped makes one necessary below it', () => {
  const sandbox = plan({ host: { uid, nodes: { '/home/me': { uid, gid: 100 } } } })
  expect(kindsAt(sandbox, '/home/me/app')).toEqual(['overlay'])
})

test('a project that belongs to another group is overlaid itself, and what cannot be changed is said', () => {
  const sandbox = plan({ host: { uid, nodes: { '/home/me/app': { uid, gid: 100 } } } })
  expect(kindsAt(sandbox, '/home/me/app')).toEqual(['overlay'])
  expect(sandbox.degrees).toEqual([
    expect.objectContaining({ kind: 'ownership', path: '/home/me/app' }),
  ])
})

test('HOME, TMPDIR and XDG directories get theirs', () => {
  const sandbox = plan({
    host: {
      uid,
      home: '/data/u/me',
      ownDirs: ['/scratch/x/me'],
      nodes: { '/data/u/me': { uid }, '/scratch/x/me': { uid } },
    },
  })
  expect(kindsAt(sandbox, '/data/u/me')).toEqual(['overlay'])
  expect(kindsAt(sandbox, '/scratch/x/me')).toEqual(['overlay'])
})

test('a home directory that is missing or not writable needs none', () => {
  expect(() => plan({ host: { uid, home: '/nowhere/me', nodes: {} } })).not.toThrow()
  const sandbox = plan({ host: { uid, home: '/opt/svc/home', nodes: { '/opt/svc/home/x': '' } } })
  expect(kindsAt(sandbox, '/opt/svc/home')).toEqual([])
})

test('root needs none: every id is mapped', () => {
  const sandbox = plan({
    project: '/srv/team/me/app',
    host: { nodes: { '/srv/team/me': { uid: 7 } } },
  })
  expect(kindsAt(sandbox, '/srv/team/me')).toEqual([])
})

test('root of a container with few ids treats nobody as not mapped', () => {
  const sandbox = plan({
    project: '/srv/team/app',
    host: {
      hasAllIds: false,
      nodes: { '/srv/team': { uid: 65_534 }, '/srv/team/app': { uid: 0 } },
    },
  })
  expect(kindsAt(sandbox, '/srv/team/app')).toEqual(['overlay'])
})
