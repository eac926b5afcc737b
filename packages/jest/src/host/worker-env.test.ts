import { resolveOptions } from '@netns/core/runner'
import { afterEach, expect, test, vi } from 'vitest'
import { WORKER_VARIABLE, type WorkerSetup } from '../protocol.ts'
import { workerEnv } from './worker-env.ts'

const setup: WorkerSetup = {
  sandbox: 1,
  sandboxed: true,
  reuse: true,
  projectRoot: '/project',
  sharesNetwork: false,
  written: {},
  jestRunner: '/jest-runner/index.js',
  hidesCompileCache: false,
}

function envOf(env: object, sandboxed = true): Record<string, string> {
  const options = resolveOptions({ env }, 'netns', false, 'jest')
  return workerEnv(options.env, 2, { FORCE_COLOR: '1' }, { ...setup, sandboxed })
}

afterEach(() => vi.unstubAllEnvs())

test('what Jest sets passes whatever the options say', () => {
  vi.stubEnv('NODE_ENV', 'test')
  vi.stubEnv('SECRET', 'x')
  expect(envOf({ allow: [], set: { FLAVOUR: 'vanilla' } })).toEqual({
    NODE_ENV: 'test',
    JEST_WORKER_ID: '3',
    FORCE_COLOR: '1',
    FLAVOUR: 'vanilla',
    NETNS_HOST_NS: expect.stringMatching(/^mnt:\d+,net:\d+$/),
    [WORKER_VARIABLE]: JSON.stringify(setup),
  })
})

test('a worker without a sandbox is not told of the namespaces outside', () => {
  expect(envOf({ allow: [] }, false)).not.toHaveProperty('NETNS_HOST_NS')
})
