import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { root } from './paths.mjs'
import { hasCommand, run } from './process.mjs'
import { checkResult, notRun, printResult } from './results.mjs'
import { findOrdinaryUser } from './user.mjs'

const name = 'ordinary user'
const parent = '/var/tmp'
const prefix = 'netns-user-half-'

/**
 * As root: runs the half of an ordinary user, in a copy of the working tree that is theirs.
 *
 * @param {string[]} filters names of parts, as given to `npm test`
 * @returns {Promise<import('./results.mjs').PartResult[]>}
 */
export async function runAsOrdinaryUser(filters) {
  const user = await findOrdinaryUser(process.env['NETNS_TEST_USER'])
  if (!user)
    return [printResult(notRun(name, 'there is no ordinary user: name one by NETNS_TEST_USER'))]
  if (!hasCommand('setpriv'))
    return [printResult(notRun(name, 'setpriv (package util-linux) is missing'))]
  removeLeftovers()
  const folder = mkdtempSync(join(parent, `${prefix}${process.pid}-`))
  console.log(`As the ordinary user ${user.name} (uid ${user.uid}), in ${folder}:`)
  try {
    const copied = await copyTree(folder, user)
    if (!copied.ok) return [printResult(checkResult(`${name}: copy of the tree`, copied))]
    return await runHalf(folder, user, filters)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A copy stays behind when an earlier run was killed; its name has the process that made it. */
function removeLeftovers() {
  const copies = readdirSync(parent).filter((entry) => entry.startsWith(prefix))
  const left = copies.filter((entry) => !existsSync(`/proc/${entry.split('-')[3]}`))
  for (const entry of left) rmSync(join(parent, entry), { recursive: true, force: true })
}

/**
 * @param {string} folder
 * @param {import('./user.mjs').User} user
 */
async function copyTree(folder, user) {
  const tree = join(folder, 'netns')
  mkdirSync(tree)
  mkdirSync(join(folder, 'home'))
  const entries = readdirSync(root).filter((entry) => entry !== '.git')
  const copied = await run('cp', ['-a', '--reflink=auto', '-t', tree, '--', ...entries])
  return copied.ok ? run('chown', ['-R', '-h', `${user.uid}:${user.gid}`, folder]) : copied
}

/**
 * @param {string} folder
 * @param {import('./user.mjs').User} user
 * @param {string[]} filters
 * @returns {Promise<import('./results.mjs').PartResult[]>}
 */
async function runHalf(folder, user, filters) {
  const tree = join(folder, 'netns')
  const resultFile = join(folder, 'results.json')
  const identity = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--init-groups']
  const noRootLeftovers = ['--inh-caps=-all', '--ambient-caps=-all', '--pdeathsig=TERM']
  const node = join(tree, 'node_modules/.bin/node')
  const script = [join(tree, 'scripts/test.mjs'), `--half=user`, `--results=${resultFile}`]
  const command = [existsSync(node) ? node : process.execPath, ...script, ...filters]
  const result = await run('setpriv', [...identity, ...noRootLeftovers, '--', ...command], {
    cwd: tree,
    env: cleanEnv(join(folder, 'home'), user),
    show: true,
  })
  if (!existsSync(resultFile)) return [printResult(checkResult(name, { ...result, ok: false }))]
  return JSON.parse(readFileSync(resultFile, 'utf8'))
}

/**
 * @param {string} home
 * @param {import('./user.mjs').User} user
 * @returns {NodeJS.ProcessEnv}
 */
function cleanEnv(home, user) {
  const system = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  const kept = Object.entries(process.env).filter(
    ([key]) => ['CI', 'LANG', 'TERM', 'TZ'].includes(key) || key.startsWith('NETNS_'),
  )
  return {
    ...Object.fromEntries(kept),
    HOME: home,
    LOGNAME: user.name,
    PATH: `${dirname(process.execPath)}:${system}`,
    SHELL: '/bin/sh',
    USER: user.name,
  }
}
