import { mustRun, hasCommand, run } from './process.mjs'

/** @typedef {{ name: string, uid: number, gid: number }} User */

/**
 * The ordinary user of the second half: NETNS_TEST_USER, else the first one of this machine, else
 * one made for it.
 *
 * @param {string | undefined} name
 * @returns {Promise<User | undefined>} undefined where there is none and none can be made
 */
export async function findOrdinaryUser(name) {
  if (name) return lookUp(name)
  const { output } = await mustRun('getent', ['passwd'])
  const user = output
    .split('\n')
    .map(parseEntry)
    .find(({ uid }) => uid >= 1000 && uid < 60_000)
  return user ?? addUser()
}

/** @param {string} name */
async function lookUp(name) {
  const { ok, output } = await run('getent', ['passwd', name])
  if (!ok) throw new Error(`NETNS_TEST_USER: there is no user ${name}`)
  const user = parseEntry(output)
  if (user.uid === 0) throw new Error(`NETNS_TEST_USER: ${name} has uid 0, so is no ordinary user`)
  return user
}

async function addUser() {
  const name = 'netns-test'
  if (!hasCommand('useradd')) return undefined
  console.log(`No ordinary user here: adding ${name} (remove it with: userdel ${name})`)
  await mustRun('useradd', ['--no-create-home', '--shell', '/bin/sh', name])
  return lookUp(name)
}

/**
 * @param {string} line of passwd(5)
 * @returns {User}
 */
function parseEntry(line) {
  const [name = '', , uid, gid] = line.split(':')
  return { name, uid: Number(uid), gid: Number(gid) }
}
