import process from 'node:process'
import { hasCommand, run } from './process.mjs'

/** Debian packages by the command that shows whether they are there. */
const packageOf = {
  'musl-gcc': 'musl-tools',
  bwrap: 'bubblewrap',
  curl: 'curl',
  git: 'git',
  ip: 'iproute2',
  newuidmap: 'uidmap',
  nft: 'nftables',
  'redis-server': 'redis-server',
  setpriv: 'util-linux',
  strace: 'strace',
  tar: 'tar',
}

/** @typedef {keyof typeof packageOf} SystemCommand */

/** What the tests start besides Node. */
export const testCommands = /** @type {const} */ ([
  'bwrap',
  'curl',
  'git',
  'ip',
  'newuidmap',
  'nft',
  'redis-server',
  'setpriv',
  'strace',
  'tar',
])

/**
 * Installs the packages of missing commands where that needs no question: as root, with apt-get.
 *
 * @param {readonly SystemCommand[]} commands
 * @returns {Promise<string | undefined>} what is still missing and the command that installs it
 */
export async function provideCommands(commands) {
  const wanted = commands.filter((command) => !hasCommand(command))
  if (wanted.length === 0) return undefined
  const detail = canInstall() ? await install(wanted.map((command) => packageOf[command])) : ''
  const missing = wanted.filter((command) => !hasCommand(command))
  if (missing.length === 0) return undefined
  const packages = missing.map((command) => packageOf[command]).join(' ')
  return `missing: ${missing.join(', ')}. On Debian and Ubuntu: sudo apt-get install ${packages}${detail}`
}

const canInstall = () => process.getuid?.() === 0 && hasCommand('apt-get')

/**
 * @param {string[]} packages
 * @returns {Promise<string>} the output of a failure, else nothing
 */
async function install(packages) {
  console.log(`Installing Debian packages: ${packages.join(' ')} …`)
  // RUNLEVEL=1 keeps a package's service (Redis) from being started: the tests start their own.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const update = await run('apt-get', ['update', '-qq'], { env })
  const args = ['install', '-y', '-qq', '--no-install-recommends', ...packages]
  const result = await run('apt-get', args, { env })
  return result.ok ? '' : `\n${update.output}${result.output}`
}
