// Runs an example's suite without sandboxes, in throw-away copies, and shows why that cannot work.
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'

const packages = dirname(dirname(createRequire(import.meta.url).resolve('vitest/package.json')))
const notCopied = new Set(['node_modules', 'artifacts', 'data'])
const hostPaths = ['/etc/shop', '/run/shop.pid', '/tmp/shop.sock', '/tmp/shop-cache']
const marker = `SHOP_PLAIN_RUN=${process.pid}-${Date.now()}`
const scratch = mkdtempSync(join(tmpdir(), 'shop-plain-'))
const inTheWay = hostPaths.filter((path) => existsSync(path))
if (inTheWay.length > 0) {
  console.error(
    `These exist on this machine, and the tests would write to them: ${inTheWay.join(', ')}`,
  )
  process.exit(2)
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
process.once('exit', () => {
  cleanHost()
  rmSync(scratch, { recursive: true, force: true })
})

/**
 * @typedef {object} Setup
 * @property {string} name of the test runner
 * @property {string} example its directory
 * @property {Record<string, string>} files that replace those of the example
 * @property {Record<string, string[]>} modes arguments by what they do
 * @property {(report: string) => string[]} command Node's arguments that write a report in JSON
 *
 * @param {Setup} setup
 */
export function showThatPlainFails(setup) {
  const runs = Object.entries(setup.modes).map(([mode, args]) => ({
    mode,
    ...runPlain(setup, mode.replaceAll(' ', '-'), args),
  }))
  print(runs)
  const failed = runs.every(({ exitCode }) => exitCode !== 0)
  const outcome = failed ? 'failed, as expected' : 'passed: that is a surprise'
  console.log(`\nPlain ${setup.name} ${outcome}.`)
  process.exitCode = failed ? 0 : 1
}

/** One run in a fresh copy. HOME and TMPDIR lie beside the copy; the fixed paths are the machine's own. */
function runPlain({ example, files, command }, name, args) {
  const [copy, home, temporary] = ['shop', 'home', 'tmp'].map((part) => join(scratch, name, part))
  for (const dir of [home, temporary, join(copy, 'node_modules')]) {
    mkdirSync(dir, { recursive: true })
  }
  cpSync(example, copy, {
    recursive: true,
    filter: (path) => !notCopied.has(relative(example, path)),
  })
  const names = readdirSync(packages).filter((name) => !name.startsWith('.')) // Vite's own caches start with a dot
  for (const name of names) symlinkSync(join(packages, name), join(copy, 'node_modules', name))
  for (const [file, text] of Object.entries(files)) writeFileSync(join(copy, file), text)

  const report = join(scratch, name, 'report.json')
  const [key, value] = marker.split('=')
  const env = { ...process.env, HOME: home, TMPDIR: temporary, CI: '1', [key]: value }
  const { status, stderr } = spawnSync(process.execPath, [...command(report), ...args], {
    cwd: copy,
    env,
    encoding: 'utf8',
  })
  if (!existsSync(report)) throw new Error(`There is no report; the run said:\n${stderr}`)

  const results = JSON.parse(readFileSync(report, 'utf8')).testResults.map(summarize)
  return {
    exitCode: status,
    files: Object.fromEntries(results),
    left: [...cleanHost(), ...count('HOME', join(home, '.config')), ...count('TMPDIR', temporary)],
  }
}

function summarize({ name, message, assertionResults }) {
  const failed = assertionResults.filter(({ status }) => status === 'failed')
  const reasons = [...failed.flatMap(({ failureMessages }) => failureMessages), message]
  const reason = reasons
    .find(Boolean)
    ?.split('\n')[0]
    .replace(/^(\w*Error): /, '')
  return [
    basename(name, '.test.ts'),
    reason === undefined ? 'passed' : `${failed.length}/${assertionResults.length} ${reason}`,
  ]
}

/** Ends what the run left running and removes what it left outside of its copy. */
function cleanHost() {
  const processes = readdirSync('/proc').filter(
    (pid) => /^\d+$/.test(pid) && readEnvironment(pid).includes(marker),
  )
  if (processes.length > 0) spawnSync('kill', ['-KILL', ...processes])
  const files = hostPaths.filter((path) => existsSync(path))
  for (const path of files) rmSync(path, { recursive: true, force: true })
  return [...files, ...(processes.length > 0 ? [`${processes.length} processes`] : [])]
}

function count(name, dir) {
  const files = existsSync(dir) ? readdirSync(dir, { recursive: true }) : []
  return files.length > 0 ? [`${files.length} files in ${name}`] : []
}

function readEnvironment(pid) {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  } catch {
    return [] // ended meanwhile, or another user's
  }
}

function print(runs) {
  const width = Math.max(40, Math.floor(((process.stdout.columns ?? 140) - 20) / 2))
  const cell = (text = '') =>
    (text.length < width ? text : `${text.slice(0, width - 2)}…`).padEnd(width)
  const row = (head, cells) =>
    console.log(`${head.padEnd(20)}${cells.map(cell).join('')}`.trimEnd())
  row(
    '',
    runs.map(({ mode }) => mode),
  )
  for (const name of Object.keys(runs[0].files).toSorted()) {
    row(
      name,
      runs.map(({ files }) => files[name]),
    )
  }
  row(
    'left on the machine',
    runs.map(({ left }) => left.join(', ')),
  )
}
