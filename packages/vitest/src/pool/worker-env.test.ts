import { afterEach, expect, test, vi } from 'vitest'
import { WORKER_VARIABLE, type WorkerSetup } from '../channel/protocol.ts'
import { workerEnv } from './worker-env.ts'

const setup: WorkerSetup = {
  vitestWorker: '/vitest/worker.js',
  vitestMajor: 5,
  sandboxed: false,
  projectRoot: '/project',
  sharesNetwork: false,
  perTest: null,
  endsItself: false,
  base: 'node',
  baseOptions: {},
  compileCache: null,
  files: 'one',
  keep: null,
  moduleCopies: [],
}

afterEach(() => vi.unstubAllEnvs())

test('what the runner inherited is filtered; what Vitest or the config added stays', () => {
  vi.stubEnv('INHERITED_SECRET', 'x')
  vi.stubEnv('INHERITED_FINE', 'y')
  vi.stubEnv('OVERRIDDEN', 'by the shell')
  const env = { ...process.env, VITEST: 'true', OVERRIDDEN: 'by test.env', OF_CONFIG: '1' }
  const seen = workerEnv(env, { allow: ['*_FINE'], set: { ADDED: '2' } }, setup)
  expect(seen).toMatchObject({
    INHERITED_FINE: 'y',
    OVERRIDDEN: 'by test.env',
    OF_CONFIG: '1',
    ADDED: '2',
    VITEST: 'true',
  })
  expect(seen).not.toHaveProperty('INHERITED_SECRET')
})

test('set wins over everything', () => {
  const seen = workerEnv({ TZ: 'Europe/Paris' }, { allow: null, set: { TZ: 'UTC' } }, setup)
  expect(seen['TZ']).toBe('UTC')
})

test('the entry gets what it needs to know', () => {
  const seen = workerEnv({}, { allow: [], set: {} }, setup)
  expect(JSON.parse(String(seen[WORKER_VARIABLE]))).toEqual(setup)
})
