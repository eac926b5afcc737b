import { statSync } from 'node:fs'

/**
 * Writes a plan as straight-line C, for bare.c: the calls and constants that a program written for
 * this one sandbox would have.
 *
 * @param {readonly import('@netns/core').Step[]} steps
 * @returns {string} the text of steps.h
 */
export function toBareSteps(steps) {
  const lines = steps.flatMap(([name, ...args]) => toC(name, args)).map((line) => `\t${line}`)
  const flags = (steps.find(([name]) => name === 'namespaces') ?? [])
    .slice(1)
    .map((name = '') => namespaceFlags[name])
  return [
    'static void plan_namespaces(void)',
    '{',
    `\tnamespaces = ${flags.join(' | ')};`,
    '}',
    '',
    'static void build(void)',
    '{',
    ...lines,
    '}',
    '',
  ].join('\n')
}

/** @type {Record<string, string>} */
const namespaceFlags = {
  user: 'CLONE_NEWUSER',
  mount: 'CLONE_NEWNS',
  net: 'CLONE_NEWNET',
  pid: 'CLONE_NEWPID',
  ipc: 'CLONE_NEWIPC',
  uts: 'CLONE_NEWUTS',
  cgroup: 'CLONE_NEWCGROUP',
}

/** @type {Record<string, string>} */
const pseudoAttributes = {
  proc: 'PSEUDO',
  mqueue: 'PSEUDO',
  cgroup2: 'PSEUDO',
  sysfs: 'PSEUDO | MOUNT_ATTR_RDONLY',
  devpts: 'MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC',
}

/** What the launcher only remembers, and what a program that ends at once does not need. */
const silent = new Set(['namespaces', 'grace', 'hold'])

/** @type {Record<string, (...args: (string | undefined)[]) => string>} */
const calls = {
  store: (size) => `store(${optional(size)});`,
  tmpfs: (dest, mode, uid, gid, size) =>
    `tmpfs(${text(dest)}, ${owner(mode, uid, gid)}, ${optional(size)});`,
  mkdir: (dest, mode, uid, gid) => `directory(${text(dest)}, ${owner(mode, uid, gid)});`,
  symlink: (dest, target) => `MUST(symlink(${text(target)}, ${text(dest)}));`,
  file: (dest, mode, uid, gid, content) =>
    `file(${text(dest)}, ${owner(mode, uid, gid)}, ${text(content)});`,
  whiteout: (dest) => `MUST(mknod(${text(dest)}, S_IFCHR, 0));`,
  lower: (id, path) => `lower(${text(`l/${id}`)}, ${text(path)});`,
  overlay: (dest, id, mode, uid, gid, flags) => {
    const layers = ['l', 'u', 'w'].map((part) => text(`${part}/${id}`)).join(', ')
    return `overlay(${text(dest)}, (struct layers){ ${layers} }, ${owner(mode, uid, gid)}, ${flag(flags, 'ro')});`
  },
  bind: (dest, path, flags) => {
    const set = ['rec', 'ro', 'file', 'optional'].map((name) => flag(flags, name)).join(', ')
    return `bind_path(${text(dest)}, ${text(path)}, ${set});`
  },
  readonly: (dest, flags = '-') =>
    `read_only(${text(dest)}, ${flag(flags, 'alone')}, ${flag(flags, 'optional')});`,
  copy: (dest, path) => {
    if (!statSync(path ?? '').isFile()) throw new Error(`bare.c copies files only, not ${path}`)
    return `copy_file(${text(dest)}, ${text(path)});`
  },
  dev: (dest, name) => `bind_path(${text(dest)}, ${text(`/dev/${name}`)}, 0, 0, 1, 0);`,
  hostname: (name) => `MUST(sethostname(${text(name)}, ${Buffer.byteLength(name ?? '')}));`,
  loopback: (_up, ...addresses) =>
    ['{ int netlink = loopback_up();', ...addresses.map(loopbackAddress), 'close(netlink); }'].join(
      ' ',
    ),
  sysctl: (path, value) => `write_sysctl(${text(`root/proc/sys/${path}`)}, ${text(value)});`,
  pid: (first) => `write_sysctl("root/proc/sys/kernel/ns_last_pid", "${Number(first) - 1}");`,
  chdir: (path) => `cwd = ${text(path)};`,
}

/**
 * @param {string} name
 * @param {(string | undefined)[]} args
 * @returns {string[]}
 */
function toC(name, args) {
  if (silent.has(name)) return []
  const attributes = pseudoAttributes[name]
  if (attributes) return [`pseudo(${text(args[0])}, "${name}", ${attributes});`]
  const call = calls[name]
  if (!call) throw new Error(`bare.c has no step ${name}: this machine's plan cannot be compared`)
  return [call(...args)]
}

/** @param {string | undefined} value a C string literal of any bytes */
const text = (value = '') =>
  `"${[...Buffer.from(value)].map((byte) => (isPlain(byte) ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`)).join('')}"`

/** @param {number} byte */
const isPlain = (byte) => byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c

/** @param {string | undefined} value */
const optional = (value = '-') => (value === '-' ? 'NULL' : text(value))

/** @param {string | undefined} flags @param {string} name */
const flag = (flags = '-', name) => (flags.split(',').includes(name) ? 1 : 0)

/** @param {string | undefined} value */
const id = (value = '-') => (value === '-' ? '-1' : value)

/** @param {string | undefined} mode @param {string | undefined} uid @param {string | undefined} gid */
const owner = (mode = '-', uid, gid) =>
  `${mode === '-' ? '-1' : `0${mode.replace(/^0+/, '')}`}, ${id(uid)}, ${id(gid)}`

/** @param {string | undefined} address */
function loopbackAddress(address = '') {
  const [host = '', prefix] = address.split('/')
  const family = host.includes(':') ? 'AF_INET6' : 'AF_INET'
  return `loopback_address(netlink, ${family}, ${text(host)}, ${prefix});`
}
