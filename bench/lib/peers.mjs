import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { findCommand } from '../../scripts/lib/process.mjs'

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {string[]} command the program's absolute path first
 */

/**
 * Tools that start a command in namespaces, with the options that come nearest to the default
 * sandbox. Most have no copy-on-write here: they do less than what they are compared with.
 *
 * @param {string} folder for files that they need
 * @param {string[]} payload
 * @param {readonly import('@netns/core').Step[]} steps of the default sandbox
 * @returns {Contender[]}
 */
export function peers(folder, payload, steps) {
  return [
    { name: 'bwrap', command: ['bwrap', ...bubblewrap, '--', ...payload] },
    { name: 'bwrap, more private', command: ['bwrap', ...morePrivate, '--', ...payload] },
    { name: 'unshare', command: ['unshare', ...unshare, ...payload] },
    { name: 'unshare, with mounts', command: ['unshare', ...withMounts(folder, payload, steps)] },
    { name: 'firejail', command: ['firejail', ...firejail, '--', ...payload] },
    { name: 'crun', command: ['crun', ...crun(folder, payload)] },
    { name: 'podman', command: ['podman', ...podman, ...payload] },
  ].flatMap(({ name, command: [program = '', ...args] }) => {
    const path = findCommand(program)
    return path ? [{ name, command: [path, ...args] }] : []
  })
}

const bubblewrap = '--unshare-all --ro-bind / / --tmpfs /tmp --proc /proc --dev /dev'.split(' ')

/** With the private directories that the default sandbox has, too. */
const morePrivate = [
  ...bubblewrap,
  ...'--tmpfs /run --tmpfs /var/tmp --tmpfs /dev/shm --mqueue /dev/mqueue'.split(' '),
  ...'--hostname netns --die-with-parent --new-session'.split(' '),
]

const unshare =
  '--user --map-current-user --mount --net --pid --fork --ipc --uts --cgroup --mount-proc'.split(
    ' ',
  )

/**
 * `unshare` makes no mounts: these are the sandbox's own, and its loopback, by the tools of a shell.
 *
 * @param {string} folder
 * @param {string[]} payload
 * @param {readonly import('@netns/core').Step[]} steps
 */
function withMounts(folder, payload, steps) {
  const script = join(folder, 'with-mounts.sh')
  const lowers = new Map(
    steps.flatMap(([name, id, path]) => (name === 'lower' ? [[id, path]] : [])),
  )
  const mounts = steps.flatMap(([name, dest = '', id = '']) => {
    const make = `mkdir -p ${dest} u/${id} w/${id}`
    const layers = `lowerdir=${lowers.get(id)},upperdir=u/${id},workdir=w/${id},userxattr`
    if (name === 'overlay') return [make, `mount -t overlay -o ${layers} overlay ${dest}`]
    if (name === 'tmpfs') return [`mkdir -p ${dest}`, `mount -t tmpfs tmpfs ${dest}`]
    return name === 'proc' && dest.startsWith('root/')
      ? [`mkdir -p ${dest}`, `mount -t proc proc ${dest}`]
      : []
  })
  const links = ['bin', 'sbin', 'lib', 'lib64'].map((name) => `ln -s usr/${name} root/${name}`)
  const lines = [
    'set -e',
    'mount -t tmpfs tmpfs /mnt',
    'cd /mnt',
    'mkdir root',
    ...links,
    ...mounts,
    'ip link set lo up',
    `exec chroot root ${payload.join(' ')}`,
  ]
  writeFileSync(script, `${lines.join('\n')}\n`)
  const flags = unshare.filter((one) => one !== '--map-current-user' && one !== '--mount-proc')
  return [...flags, '--map-root-user', '/bin/sh', script]
}

const firejail =
  '--quiet --noprofile --net=none --ipc-namespace --private-tmp --private-dev --hostname=netns'.split(
    ' ',
  )

const podman =
  'run --rm --network=none --cgroups=disabled --security-opt=label=disable --read-only --rootfs /'.split(
    ' ',
  )

/**
 * @param {string} folder
 * @param {string[]} payload
 */
function crun(folder, payload) {
  const bundle = join(folder, 'bundle')
  mkdirSync(bundle, { recursive: true })
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(ociConfig(payload)))
  const state = join(folder, 'crun')
  return ['--root', state, '--cgroup-manager', 'disabled', 'run', '--bundle', bundle, 'netns-bench']
}

/** @param {string[]} args */
function ociConfig(args) {
  const [uid = 0, gid = 0] = [process.getuid?.(), process.getgid?.()]
  const names = ['user', 'mount', 'network', 'pid', 'ipc', 'uts', 'cgroup']
  const tmpfs = ['nosuid', 'nodev', 'mode=755']
  return {
    ociVersion: '1.0.2',
    process: { user: { uid, gid }, args, cwd: '/', env: ['PATH=/usr/bin:/bin'] },
    root: { path: '/', readonly: true },
    hostname: 'netns',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: tmpfs },
      { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev'] },
    ],
    linux: {
      namespaces: names.map((type) => ({ type })),
      uidMappings: [{ containerID: uid, hostID: uid, size: 1 }],
      gidMappings: [{ containerID: gid, hostID: gid, size: 1 }],
    },
  }
}
