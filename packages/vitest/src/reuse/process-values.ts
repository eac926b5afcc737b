import { createRequire } from 'node:module'
import type { ProcessPart } from './part.ts'

// An import would read every export of http, and so load undici, which takes 50 ms.
const require = createRequire(import.meta.url)
const dns = require('node:dns') as typeof import('node:dns')
const http = require('node:http') as typeof import('node:http')

const chdir = process.chdir.bind(process)
const umask = process.umask.bind(process)

/** A file may have removed the directory in its sandbox; the next one has it again. */
function goTo(path: string): boolean {
  try {
    chdir(path)
    return true
  } catch {
    return false
  }
}

/** What is set by calls and accessors, or is a list. */
export function processValues(): ProcessPart {
  const cwd = process.cwd()
  const mask = umask()
  const { title } = process
  const argv = [...process.argv]
  const { globalAgent } = http
  const servers = dns.getServers().join()
  const order = dns.getDefaultResultOrder()
  return {
    restore() {
      process.exitCode = undefined
      if (!goTo(cwd)) goTo('/')
      umask(mask)
      if (process.title !== title) process.title = title
      process.argv.splice(0, Infinity, ...argv)
      http.globalAgent = globalAgent
      if (dns.getServers().join() !== servers) dns.setServers(servers.split(','))
      dns.setDefaultResultOrder(order)
    },
  }
}
