import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import type { Step } from '@netns/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startLauncher, type Launcher, type LauncherEvent } from '../support/sandbox-launcher.ts'
import { sh, smallPlan } from '../support/sandbox-plans.ts'

/* What a test can do to the process that writes its files to the host. */

const held: Step[] = [...smallPlan, ['hold']]
let base: string

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'netns-take-'))
})

afterEach(() => rmSync(base, { recursive: true, force: true }))

function ask(launcher: Launcher, inside: string, relative: string): void {
  const body = Buffer.from(`${inside}\0${base}\0${relative}`)
  launcher.channel.write(Buffer.concat([Buffer.from(`take ${body.length}\n`), body]))
}

async function take(script: string, inside: string, relative: string): Promise<LauncherEvent> {
  await using launcher = startLauncher({ steps: held, command: sh(script) })
  await launcher.event('ended')
  ask(launcher, inside, relative)
  const taken = await launcher.event('taken')
  launcher.channel.write('release\n')
  expect(await launcher.ending).toEqual({ exitCode: 0, signal: null })
  return taken
}

test('directories that are missing are made, however deep', async () => {
  const deep = 'd/'.repeat(Math.floor((4000 - base.length) / 2))
  const taken = await take('echo deep > /tmp/file', '/tmp/file', `${deep}file`)
  expect(taken).toMatchObject({ ok: true })
  expect(readFileSync(join(base, deep, 'file'), 'utf8')).toBe('deep\n')
})

test('a file with holes takes no more room on the host than inside', async () => {
  const script = `
truncate -s 3G /tmp/sparse
printf middle | dd of=/tmp/sparse bs=1 seek=1500000000 conv=notrunc status=none`
  const taken = await take(script, '/tmp/sparse', 'sparse')
  expect(taken).toMatchObject({ ok: true, sizeBytes: 3 * 1024 ** 3 })
  const { size, blocks } = statSync(join(base, 'sparse'))
  expect(size).toBe(3 * 1024 ** 3)
  expect(blocks * 512).toBeLessThan(10e6)
})

test('a path that is too long is refused, not cut', async () => {
  const inside = `/tmp/${'x'.repeat(250)}${'/y'.repeat(2000)}`
  expect(await take('true', inside, 'file')).toMatchObject({ ok: false, errno: 36 })
  expect(existsSync(join(base, 'file'))).toBe(false)
})

test('what is refused names the system call', async () => {
  mkdirSync(join(base, 'taken/below'), { recursive: true })
  const refused = await take('echo text > /tmp/file', '/tmp/file', 'taken')
  expect(refused).toMatchObject({ ok: false, syscall: 'renameat', errno: 21 })
})

test('the end of the worker is not lost when files are asked for at that moment', async () => {
  // PID 1 tells the end when all of this memory is gone, and answers after that.
  const hog = `setTimeout(() => {}, 1e6, Buffer.alloc(4e8, 1)); process.stdout.write('ready')`
  const script = `
echo text > /tmp/file
${process.execPath} -e "${hog}" > /tmp/hog &
until grep -q ready /tmp/hog; do :; done
echo go
exit 7`
  await using launcher = startLauncher({ steps: held, command: sh(script) })
  await launcher.firstLine()
  for (let n = 0; n < 200; n++) ask(launcher, '/tmp/file', `file-${n}`)
  await launcher.event('ended')
  launcher.channel.write('release\n')
  expect(await launcher.ending).toEqual({ exitCode: 7, signal: null })
  const taken = launcher.events.filter(({ event }) => event === 'taken')
  expect(taken.filter(({ ok }) => ok !== true)).toEqual([])
  expect(taken).toHaveLength(200)
})
