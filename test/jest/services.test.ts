import { expect, test } from 'vitest'
import { JestProject, type JestSetup } from '../support/jest-project.ts'

const asks = `
  const http = require('node:http')
  test('asks the service', async () => {
    const answer = await new Promise((resolve, reject) => {
      http.get({ host: '127.0.0.1', port: process.env.SERVICE_PORT }, (response) => {
        response.setEncoding('utf8').on('data', resolve)
      }).on('error', reject)
    })
    expect(answer).toBe('from the host')
  })`

const starts = `
  const http = require('node:http')
  module.exports = async () => {
    globalThis.server = http.createServer((_, response) => response.end('from the host'))
    await new Promise((resolve) => globalThis.server.listen(0, '127.0.0.1', resolve))
    process.env.SERVICE_PORT = String(globalThis.server.address().port)
  }`

const files = {
  'start.js': starts,
  'stop.js': 'module.exports = () => globalThis.server.close()',
  'a.test.js': asks,
  'b.test.js': asks,
}
const config = { globalSetup: './start.js', globalTeardown: './stop.js' }

test('a port that globalSetup opened answers inside', async () => {
  const project = new JestProject({ files, config })
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
})

test('services: [] keeps it away, and the summary counts no attempt to leave', async () => {
  const project = new JestProject({
    files: { ...files, 'b.test.js': asks.replace('asks the service', 'asks in vain') },
    config,
    netns: { net: { services: [] } },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode).toBe(1)
  expect(output).toContain('ECONNREFUSED')
})

test('without the preset netns says that it cannot know what globalSetup opened', async () => {
  const setup: JestSetup = {
    files,
    config: { ...config, testEnvironment: 'netns', runner: 'jest-environment-netns/runner' },
    bare: true,
  }
  const { output } = await new JestProject(setup).run()
  expect(output).toContain('ECONNREFUSED')
  expect(output).toContain("net.services: 'auto' needs preset: 'jest-environment-netns'")
})

test('a Unix socket of globalSetup is reached in a bound directory', async () => {
  const project = new JestProject({
    files: {
      'start.js': `
        const net = require('node:net')
        module.exports = async () => {
          require('node:fs').mkdirSync('sockets', { recursive: true })
          globalThis.server = net.createServer((socket) => socket.end('from the host'))
          await new Promise((resolve) => globalThis.server.listen('sockets/service', resolve))
        }`,
      'stop.js': files['stop.js'],
      'a.test.js': `
        test('asks the socket', async () => {
          const socket = require('node:net').connect('sockets/service')
          const answer = await new Promise((resolve, reject) => socket.once('data', resolve).once('error', reject))
          expect(String(answer)).toBe('from the host')
        })`,
    },
    config,
    netns: { fs: { bind: { sockets: 'sockets' } } },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
})
