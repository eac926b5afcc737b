import { expect, test } from 'vitest'
import { filterEnv } from './filter-env.ts'

const env = {
  PATH: '/bin',
  HOME: '/home/me',
  npm_config_cache: '/c',
  npm_token: 's',
  SSH_AUTH_SOCK: '/s',
  '.dot': '1',
  GONE: undefined,
}

test('without a list every variable passes, but for unset ones', () => {
  expect(filterEnv(env, { allow: null, set: {} })).toEqual({
    PATH: '/bin',
    HOME: '/home/me',
    npm_config_cache: '/c',
    npm_token: 's',
    SSH_AUTH_SOCK: '/s',
    '.dot': '1',
  })
})

test('globs choose by name', () => {
  expect(filterEnv(env, { allow: ['PATH', 'npm_config_*'], set: {} })).toEqual({
    PATH: '/bin',
    npm_config_cache: '/c',
  })
})

test('a star takes names that begin with a dot too', () => {
  expect(filterEnv(env, { allow: ['*'], set: {} })).toHaveProperty(['.dot'])
})

test('an empty list lets nothing pass, and set wins over what passes', () => {
  expect(filterEnv(env, { allow: [], set: { A: '1' } })).toEqual({ A: '1' })
  expect(filterEnv(env, { allow: ['PATH'], set: { PATH: '/x' } })).toEqual({ PATH: '/x' })
})
