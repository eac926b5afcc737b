import { expect, test } from 'vitest'
import { fabricateHost } from '../host/fabricated-host.test.fixture.ts'
import type { HostFacts } from '../host/types.ts'
import { resolveOptions } from '../options/resolve-options.ts'
import type { NetnsOptions } from '../options/types.ts'
import { planSandbox } from './plan-sandbox.ts'
import { createPlanner } from './planner.ts'
import type { SandboxContext } from './types.ts'

const host = fabricateHost({ nodes: { '/home/me/app/package.json': '{}' } })
const common: SandboxContext = {
  projectRoot: '/home/me/app',
  cwd: '/home/me/app',
  roots: [],
  writeThrough: [],
  readThrough: [],
  services: [],
}
const service = { port: 5432, insideAddress: '::1', outsideAddress: '::1' }

const requests: [title: string, options: NetnsOptions, context: SandboxContext][] = [
  ['a first pid', {}, { ...common, pidBase: 2009 }],
  ['another first pid', {}, { ...common, pidBase: 3018 }],
  ['no first pid', {}, common],
  ['other options', { hostname: 'other', fs: { keep: ['out/**'] } }, { ...common, pidBase: 4027 }],
  ['another service', {}, { ...common, services: [service], pidBase: 5036 }],
  ['the first again', {}, { ...common, pidBase: 2009 }],
]

test('every plan is the one of planSandbox, whatever was planned before', () => {
  const plan = createPlanner(host)
  for (const [title, options, context] of requests) {
    const resolved = resolveOptions(options, 'netns', true)
    expect(plan(resolved, context), title).toEqual(planSandbox(resolved, host, context))
  }
})

/** The same host, and how often it was asked for a path. */
function counting({ files, ...facts }: HostFacts): { host: HostFacts; asked: () => number } {
  let asked = 0
  const node = (path: string) => {
    asked += 1
    return files.node(path)
  }
  return { host: { ...facts, files: { ...files, node } }, asked: () => asked }
}

test('a sandbox that differs in its first pid only is not planned anew', () => {
  const counted = counting(host)
  const plan = createPlanner(counted.host)
  plan(resolveOptions({}, 'netns', true), { ...common, pidBase: 2009 })
  const first = counted.asked()
  expect(first).toBeGreaterThan(0)
  plan(resolveOptions({}, 'netns', true), { ...common, pidBase: 3018 })
  expect(counted.asked()).toBe(first)
})
