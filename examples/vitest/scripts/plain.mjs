// Runs the suite with plain Vitest, in throw-away copies, and shows why that cannot work.
// Ends with 0 only if plain Vitest failed, both with the files at the same time and one after another.
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
import { fileURLToPath } from 'node:url'

const example = fileURLToPath(new URL('..', import.meta.url))
const vitestDir = dirname(createRequire(import.meta.url).resolve('vitest/package.json'))
const packages = dirname(vitestDir)
const notCopied = new Set(['node_modules', 'artifacts', 'data'])
const hostPaths = ['/etc/shop', '/run/shop.pid', '/tmp/shop.sock', '/tmp/shop-cache']
const marker = `SHOP_PLAIN_RUN=${process.pid}-${Date.now()}`
const config = `export default { cacheDir: './cache', test: { environment: 'node' } }\n`

const modes = {
  'at the same time': ['--maxWorkers=4'],
  'one after another': ['--maxWorkers=1', '--no-file-parallelism'],
}

const scratch = mkdtempSync(join(tmpdir(), 'shop-plain-'))
const inTheWay = hostPaths.filter((path) => existsSync(path))
if (inTheWay.length > 0) {
  console.error(
    `These exist on this machine, and plain Vitest would write to them: ${inTheWay.join(', ')}`,
  )
  process.exit(2)
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
process.once('exit', () => {
  cleanHost()
  rmSync(scratch, { recursive: true, force: true })
})

const runs = Object.entries(modes).map(([mode, args]) => ({
  mode,
  ...runPlain(mode.replaceAll(' ', '-'), args),
}))
print(runs)
const failed = runs.every(({ exitCode }) => exitCode !== 0)
console.log(
  failed ? '\nPlain Vitest failed, as expected.' : '\nPlain Vitest passed: that is a surprise.',
)
process.exitCode = failed ? 0 : 1

/** One run in a fresh copy. HOME and TMPDIR lie beside the copy; the fixed paths are the machine's own. */
function runPlain(name, args) {
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
  writeFileSync(join(copy, 'vitest.config.ts'), config)

  const report = join(scratch, name, 'report.json')
  const vitest = [
    join(vitestDir, 'vitest.mjs'),
    'run',
    '--reporter=json',
    `--outputFile=${report}`,
    ...args,
  ]
  const [key, value] = marker.split('=')
  const env = { ...process.env, HOME: home, TMPDIR: temporary, CI: '1', [key]: value }
  const { status, stderr } = spawnSync(process.execPath, vitest, {
    cwd: copy,
    env,
    encoding: 'utf8',
  })
  if (!existsSync(report)) throw new Error(`Vitest wrote no report; it said:\n${stderr}`)

  const files = JSON.parse(readFileSync(report, 'utf8')).testResults.map(summarize)
  return {
    exitCode: status,
    files: Object.fromEntries(files),
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
