import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodePlan, type Step } from '@netns/core'
import { expect, onTestFinished, test } from 'vitest'
import { launcherPath, runLauncher, startWithPlan } from '../support/sandbox-launcher.ts'
import { emptyRoot, everyNamespace, sh, smallPlan } from '../support/sandbox-plans.ts'

const wrongLines = [
  { what: 'no command', args: ['--channel-fd', '3'] },
  { what: 'no command after the dashes', args: ['--channel-fd', '3', '--'] },
  { what: 'neither channel nor plan', args: ['--', 'true'] },
  { what: 'channel and plan', args: ['--channel-fd', '3', '--plan-file', '/x', '--', 'true'] },
  { what: 'an unknown option', args: ['--chanel-fd', '3', '--', 'true'] },
  { what: 'a channel that is no number', args: ['--channel-fd', 'three', '--', 'true'] },
  { what: 'a negative descriptor', args: ['--channel-fd', '3', '--keep-fd', '-4', '--', 'true'] },
] as const

test.each(wrongLines)('a command line with $what is refused with the usage', ({ args }) => {
  const { status, stdout, stderr } = spawnSync(launcherPath, args, { encoding: 'utf8' })
  expect([status, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/usage: netns-launcher/)
})

test('--help tells the usage and is no error', () => {
  const { status, stdout } = spawnSync(launcherPath, ['--help'], { encoding: 'utf8' })
  expect(status).toBe(0)
  expect(stdout).toMatch(/^usage: netns-launcher/)
})

const text = (content: string) => Buffer.from(content)
const record = (...strings: string[]) => strings.map((string) => `${string}\0`).join('')
const plan = (body: string) => text(`NETNS1 ${body.length}\n${body}`)

const wrongPlans = [
  { what: 'another version', bytes: text('NETNS2 4\nabc\0'), path: 'header' },
  { what: 'no length', bytes: text('NETNS1 \n'), path: 'header' },
  { what: 'a length beyond all reason', bytes: text('NETNS1 99999999999\n'), path: 'header' },
  {
    what: 'no end of its last record',
    bytes: plan('store\x001\0-'),
    path: 'last record has no end',
  },
  { what: 'a record without a count', bytes: plan(record('store')), path: 'truncated record' },
  { what: 'a count that is no number', bytes: plan(record('store', 'one', '-')), path: 'store' },
  { what: 'a count beyond its end', bytes: plan(record('store', '7', '-')), path: 'store' },
  { what: 'no namespaces', bytes: plan(record('store', '1', '-')), path: 'no namespaces step' },
  { what: 'an unknown namespace', bytes: plan(record('namespaces', '1', 'time')), path: 'time' },
] as const

test.each(wrongPlans)('a plan with $what is an error of stage plan', async ({ bytes, path }) => {
  await using launcher = startWithPlan({ steps: [], command: ['true'] }, bytes)
  const { exitCode } = await launcher.ending
  expect(exitCode).toBe(125)
  expect(launcher.events).toEqual([
    expect.objectContaining({ event: 'error', stage: 'plan', path, errno: constants.errno.EPROTO }),
  ])
})

test.each(['user', 'mount', 'pid'])(
  'a plan without the %s namespace is refused: no guarantee would hold',
  async (name) => {
    const names = everyNamespace.filter((other) => other !== name)
    const { exitCode, events } = await runLauncher({
      steps: [['namespaces', ...names]],
      command: ['true'],
    })
    expect(exitCode).toBe(125)
    expect(events).toEqual([expect.objectContaining({ stage: 'plan', path: name })])
  },
)

test('a plan that ends before its length is an error, not a wait', async () => {
  await using launcher = startWithPlan({ steps: [], command: ['true'] }, text('NETNS1 100\nabc'))
  launcher.channel.end()
  expect(await launcher.ending).toEqual({ exitCode: 125, signal: null })
  expect(launcher.events).toEqual([expect.objectContaining({ stage: 'plan', path: 'body' })])
})

test.each([
  { what: 'an unknown step', steps: [['teleport', 'root/x']], path: 'teleport' },
  { what: 'too few arguments', steps: [['tmpfs', 'root/x']], path: 'tmpfs' },
])('a plan with $what is an error of stage plan', async ({ steps, path }) => {
  const all = [...emptyRoot, ...steps] as unknown as Step[]
  const { exitCode, events } = await runLauncher({ steps: all, command: ['true'] })
  expect(exitCode).toBe(125)
  expect(events).toEqual([
    expect.objectContaining({ event: 'error', stage: 'plan', path, errno: constants.errno.EPROTO }),
  ])
})

function planFile(steps: readonly Step[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'netns-plan-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'plan')
  writeFileSync(file, encodePlan({ steps }))
  return file
}

test('a plan can come from a file, with the events on a descriptor of choice', () => {
  const args = [
    '--plan-file',
    planFile(smallPlan),
    '--status-fd',
    '3',
    '--',
    ...sh('echo hi; exit 7'),
  ]
  const stdio = ['ignore', 'pipe', 'pipe', 'pipe'] as const
  const { status, output } = spawnSync(launcherPath, args, { encoding: 'utf8', stdio: [...stdio] })
  expect([status, output[1]]).toEqual([7, 'hi\n'])
  const events = (output[3] ?? '')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).event)
  expect(events).toEqual(['started', 'ended'])
})

test('without a descriptor for events an error is one line for people', () => {
  const steps = [...smallPlan, ['bind', 'root/mnt', '/no/such/place', '-']] as const
  const args = ['--plan-file', planFile(steps), '--', 'true']
  const { status, stderr } = spawnSync(launcherPath, args, { encoding: 'utf8' })
  expect([status, stderr]).toEqual([
    125,
    'netns-launcher: bind: open_tree /no/such/place: No such file or directory\n',
  ])
})

test('a plan file that is missing is named', () => {
  const args = ['--plan-file', '/no/such/plan', '--', 'true']
  const { status, stderr } = spawnSync(launcherPath, args, { encoding: 'utf8' })
  expect([status, stderr]).toEqual([
    125,
    'netns-launcher: plan: open /no/such/plan: No such file or directory\n',
  ])
})
