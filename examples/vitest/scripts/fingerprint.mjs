// Is the machine the same before and after? By name, type, mode, owner and content of every entry.
//
//   fingerprint.mjs record FILE DIR...                     writes the record of the directories to FILE
//   fingerprint.mjs diff BEFORE AFTER                      prints what differs; ends with 1 if anything does
//   fingerprint.mjs around DIR... [--allow GLOB]... -- COMMAND [ARG...]
//                                                          runs a command between two records; a path that matches GLOB may differ
//
// `record` and `around` take --skip GLOB too: such paths are not read at all. A glob matches absolute paths.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  closeSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs'
import { matchesGlob } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const kinds = {
  0o140000: 'socket',
  0o120000: 'link',
  0o100000: 'file',
  0o060000: 'block',
  0o040000: 'dir',
  0o020000: 'char',
  0o010000: 'fifo',
}

/** A map from path to a description of what is there. Names are bytes, so each is kept as latin1 text. */
export function takeFingerprint(roots, { skip = [] } = {}) {
  const record = new Map()
  const queue = roots.map((root) => Buffer.from(root).toString('latin1'))
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (record.has(path) || skip.some((glob) => matchesGlob(path, glob))) continue
    const entry = describe(path)
    if (entry === undefined) continue
    record.set(path, entry.text)
    const base = path === '/' ? '' : path
    queue.push(...entry.children.map((name) => `${base}/${name}`))
  }
  return record
}

function describe(path) {
  const bytes = Buffer.from(path, 'latin1')
  const stats = lstatSync(bytes, { throwIfNoEntry: false })
  if (!stats) return undefined
  const kind = kinds[stats.mode & 0o170000]
  const head = `${kind} ${(stats.mode & 0o7777).toString(8).padStart(4, '0')} ${stats.uid}:${stats.gid}`
  try {
    if (kind === 'file') return { text: `${head} ${hash(bytes)}`, children: [] }
    if (kind === 'link') {
      return { text: `${head} -> ${readlinkSync(bytes, 'latin1')}`, children: [] }
    }
    if (kind === 'char' || kind === 'block') return { text: `${head} ${stats.rdev}`, children: [] }
    return { text: head, children: kind === 'dir' ? readdirSync(bytes, 'latin1') : [] }
  } catch (error) {
    return { text: `${head} ${error.code}`, children: [] }
  }
}

const buffer = Buffer.alloc(1 << 20)

function hash(path) {
  const digest = createHash('sha1')
  const file = openSync(path, 'r')
  try {
    for (let size = readSync(file, buffer); size > 0; size = readSync(file, buffer)) {
      digest.update(buffer.subarray(0, size))
    }
  } finally {
    closeSync(file)
  }
  return digest.digest('hex')
}

/** One line a difference: `+` new, `-` gone, `~` changed. */
export function compareFingerprints(before, after, { allow = [] } = {}) {
  return [...new Set([...before.keys(), ...after.keys()])].toSorted().flatMap((path) => {
    const [old, now] = [before.get(path), after.get(path)]
    if (old === now || allow.some((glob) => matchesGlob(path, glob))) return []
    if (old === undefined) return [`+ ${path}: ${now}`]
    return [now === undefined ? `- ${path}: ${old}` : `~ ${path}: ${old} => ${now}`]
  })
}

function readRecord(file) {
  return new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8'))))
}

function report(differences, count) {
  for (const line of differences) console.log(line)
  console.log(`${count} entries, ${differences.length} differences`)
  return differences.length > 0 ? 1 : 0
}

const commands = {
  record([file, ...roots], options) {
    const record = takeFingerprint(roots, options)
    writeFileSync(file, JSON.stringify(Object.fromEntries(record), null, 1))
    return report([], record.size)
  },
  diff([before, after], options) {
    const records = [readRecord(before), readRecord(after)]
    return report(compareFingerprints(...records, options), records[1].size)
  },
  around(roots, options, [command, ...args]) {
    const before = takeFingerprint(roots, options)
    const { status } = spawnSync(command, args, { stdio: 'inherit' })
    const after = takeFingerprint(roots, options)
    return report(compareFingerprints(before, after, options), after.size) || (status ?? 1)
  },
}

function main([name, ...args]) {
  const end = args.includes('--') ? args.indexOf('--') : args.length
  const globs = { type: 'string', multiple: true }
  const { values, positionals } = parseArgs({
    args: args.slice(0, end),
    allowPositionals: true,
    options: { skip: globs, allow: globs },
  })
  if (!Object.hasOwn(commands, name)) {
    throw new Error(`usage: fingerprint.mjs ${Object.keys(commands).join(' | ')}`)
  }
  process.exitCode = commands[name](positionals, values, args.slice(end + 1))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2))
