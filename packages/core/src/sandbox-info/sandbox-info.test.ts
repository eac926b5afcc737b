import { expect, test } from 'vitest'
import { HOST_NAMESPACES_VARIABLE, hostNamespaces, sandboxInfo } from './sandbox-info.ts'

test('without the variable nothing is claimed', () => {
  expect(sandboxInfo({})).toEqual({ inside: false, ownNetwork: false })
  expect(sandboxInfo({ [HOST_NAMESPACES_VARIABLE]: 'yes' })).toEqual({
    inside: false,
    ownNetwork: false,
  })
})

test('the variable alone proves nothing: the kernel is asked', () => {
  expect(sandboxInfo({ [HOST_NAMESPACES_VARIABLE]: hostNamespaces() })).toEqual({
    inside: false,
    ownNetwork: false,
  })
})

test('another mount namespace is a sandbox, with or without a network of its own', () => {
  const [mount = '', network = ''] = hostNamespaces().split(',')
  expect(sandboxInfo({ [HOST_NAMESPACES_VARIABLE]: `mnt:1,${network}` })).toEqual({
    inside: true,
    ownNetwork: false,
  })
  expect(sandboxInfo({ [HOST_NAMESPACES_VARIABLE]: 'mnt:1,net:2' })).toEqual({
    inside: true,
    ownNetwork: true,
  })
  expect(sandboxInfo({ [HOST_NAMESPACES_VARIABLE]: `${mount},net:2` })).toEqual({
    inside: false,
    ownNetwork: false,
  })
})
