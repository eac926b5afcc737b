import { constants } from 'node:os'
import { describe, expect, test } from 'vitest'
import type { Restrictions } from '../host/restrictions.ts'
import { explainFailure } from './explain-failure.ts'

const open: Restrictions = {
  apparmorRestricts: null,
  maxUserNamespaces: 96_000,
  unprivilegedClone: null,
  hasSeccompFilter: false,
  kernelRelease: '6.18.0',
  isRoot: false,
}

function explain(
  stage: string,
  errno: keyof typeof constants.errno,
  restrictions: Partial<Restrictions> = {},
) {
  const failure = {
    stage,
    syscall: 'call',
    path: '/x',
    errno: constants.errno[errno],
    message: 'text',
  }
  return explainFailure(failure, { ...open, ...restrictions })
}

test.each([
  ['clone', 'EPERM', 'NETNS_USERNS_DENIED'],
  ['clone', 'ENOSPC', 'NETNS_USERNS_DENIED'],
  ['uid-map', 'EPERM', 'NETNS_USERNS_DENIED'],
  ['pivot', 'EACCES', 'NETNS_USERNS_DENIED'],
  ['store', 'EPERM', 'NETNS_USERNS_DENIED'],
  ['store', 'ENOSPC', 'NETNS_ENOSPC'],
  ['copy', 'ENOSPC', 'NETNS_ENOSPC'],
  ['overlay', 'EINVAL', 'NETNS_SETUP_FAILED'],
  ['bind', 'ENOENT', 'NETNS_SETUP_FAILED'],
  ['exec', 'ENOENT', 'NETNS_EXEC_FAILED'],
  ['chdir', 'ENOENT', 'NETNS_EXEC_FAILED'],
  ['plan', 'EPROTO', 'NETNS_LAUNCHER_PROTOCOL'],
] as const)('stage %s with %s is %s', (stage, errno, code) => {
  expect(explain(stage, errno)).toMatchObject({ code, stage, errno, syscall: 'call', path: '/x' })
})

describe('where user namespaces are refused, the hint is the command for this machine', () => {
  test.each<[string, Partial<Restrictions>, string]>([
    ['switched off', { maxUserNamespaces: 0 }, 'sysctl -w user.max_user_namespaces=15000'],
    ["Debian's switch", { unprivilegedClone: 0 }, 'sysctl -w kernel.unprivileged_userns_clone=1'],
    [
      'AppArmor',
      { apparmorRestricts: 1 },
      'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
    ],
    ['seccomp', { hasSeccompFilter: true }, 'docker run --security-opt seccomp=unconfined'],
    ['nothing known', {}, 'dmesg'],
  ])('%s', (_, restrictions, hint) => {
    expect(explain('clone', 'EPERM', restrictions).hint).toContain(hint)
  })

  test('root is not told about switches for ordinary users', () => {
    const hint = explain('clone', 'EPERM', {
      isRoot: true,
      apparmorRestricts: 1,
      unprivilegedClone: 0,
      hasSeccompFilter: true,
    }).hint
    expect(hint).toContain('seccomp=unconfined')
  })
})

test('an old kernel is named as the cause', () => {
  expect(explain('overlay', 'EINVAL', { kernelRelease: '5.4.0-200-generic' })).toMatchObject({
    code: 'NETNS_KERNEL_TOO_OLD',
    hint: expect.stringContaining('5.4.0-200-generic'),
  })
})
