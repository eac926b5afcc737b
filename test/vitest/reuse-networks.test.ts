import { accessSync, constants } from 'node:fs'
import process from 'node:process'
import { expect, test } from 'vitest'
import { VitestProject } from '../support/vitest-project.ts'

const setting = '/proc/sys/net/ipv4/conf/lo/forwarding'

/** As root, but not in a container whose /proc/sys is read-only. */
function canWriteSettings(): boolean {
  try {
    accessSync(setting, constants.W_OK)
    return process.getuid?.() === 0
  } catch {
    return false
  }
}

/** Each leaves a trace in the network that the next file must not find. */
const traces: Record<string, string> = {
  'a packet': `
    const socket = dgram.createSocket('udp4')
    await new Promise((sent) => socket.send('trace', 9, '127.0.0.1', sent))
    socket.close()`,
  'a connection that lingers': `
    const server = net.createServer((socket) => socket.end('trace')).listen(3000)
    await once(server, 'listening')
    const client = net.connect(3000).resume()
    await once(client, 'close')
    server.close()`,
  'an attempt that has no route': `
    await once(net.connect(80, '192.0.2.1'), 'error').catch(() => {})`,
  'a datagram that has no route': `
    const socket = dgram.createSocket('udp6')
    await new Promise((sent) => socket.send('trace', 9, '2001:db8::1', sent))
    socket.close()`,
  'a child': `execFileSync('sh', ['-c', 'exec 3<>/dev/null'])`,
  ...(canWriteSettings() && {
    'a setting': `writeSetting('1')`,
    'a setting that has its value again': `writeSetting('1'); writeSetting('0')`,
    'a setting through a descriptor': `
      const fd = open(fs.openSync)
      if (fd !== null) fs.writeSync(fd, '1')`,
  }),
}

/** What is closed, or was never sent, leaves nothing. */
const harmless: Record<string, string> = {
  nothing: '',
  'a server that nobody connected to': `
    const server = net.createServer().listen(3000)
    await once(server, 'listening')`,
  'an abstract Unix socket': `
    const server = net.createServer().listen('\\0trace')
    await once(server, 'listening')`,
}

const content = (action: string): string => `
  import dgram from 'node:dgram'
  import fs from 'node:fs'
  import net from 'node:net'
  import { execFileSync } from 'node:child_process'
  import { once } from 'node:events'
  import { test } from 'vitest'
  function open(how) {
    try { return how('${setting}', 'r+') } catch { return null }
  }
  function writeSetting(value) {
    try { fs.writeFileSync('${setting}', value) } catch {}
  }
  function read(name) {
    return fs.readFileSync('/proc/thread-self/net/' + name, 'utf8')
  }
  test('leaves a trace', async () => {
    console.log('state', JSON.stringify({
      counters: read('snmp').match(/^(?:Ip|Tcp|Udp): \\d.*/gm),
      counters6: read('snmp6').match(/Ip6Out\\w+\\s+[1-9]\\d*/g),
      waiting: read('sockstat').match(/tw \\d+/g),
      sockets: read('protocols').match(/^\\S+ +\\d+ +[1-9]\\d*/gm),
      tcp: read('tcp').trim().split('\\n').length,
      unix: read('unix').includes('trace'),
      setting: fs.readFileSync('${setting}', 'utf8'),
    }))
    console.log('network', fs.readlinkSync('/proc/thread-self/ns/net'))
    ${action}
  })`

test('the network of a file serves again only where nobody has used it', async () => {
  const used = Object.values(traces)
  const unused = Object.values(harmless)
  const files = Object.fromEntries([
    ...used.map((action, index) => [`used${index}.test.js`, content(action)]),
    // Twice: the pool threads that a file begins count as its processes.
    ...[...unused, ...unused].map((action, index) => [`unused${index}.test.js`, content(action)]),
  ])
  const project = new VitestProject({
    files,
    test: {
      maxWorkers: 1,
      environmentOptions: { netns: { reuse: true } },
    },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
  expect(new Set(output.match(/state .*/g)), output).toHaveLength(1)
  const runs = [
    ...output.matchAll(/^stdout \| (used|unused)\d+[\s\S]*?network (net:\[\d+\])$/gm),
  ].map(([, kind, network]) => ({ kind, network }))
  expect(runs).toHaveLength(Object.keys(files).length)
  const again = runs.filter(({ network }, index) => network === runs[index - 1]?.network)
  // The first files of a process begin threads, which count as processes.
  expect(again.length, output).toBeGreaterThanOrEqual(unused.length)
  for (const [index, { kind, network }] of runs.entries())
    if (kind === 'used') expect(runs[index + 1]?.network, output).not.toBe(network)
})
