import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { root } from '../../scripts/lib/paths.mjs'

/** @typedef {Record<string, string | number>} Row */

/**
 * Prints rows as a Markdown table, so that it can be pasted into docs/benchmarks.md as it is.
 *
 * @param {Row[]} rows
 */
export function printTable(rows) {
  const names = Object.keys(rows[0] ?? {})
  const cells = [names, ...rows.map((row) => names.map((name) => String(row[name])))]
  const widths = names.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  const lines = cells.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  )
  lines.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`)
  console.log(lines.join('\n'))
}

/**
 * @param {string} name of the file in bench/results
 * @param {object} data
 */
export function saveResults(name, data) {
  const folder = join(root, 'bench/results')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${name}-${process.getuid?.() === 0 ? 'root' : 'user'}.json`)
  writeFileSync(file, `${JSON.stringify({ machine: machine(), ...data }, null, 2)}\n`)
  console.log(`\nAll values: ${file.slice(root.length + 1)}\n`)
}

/** What a figure depends on. */
function machine() {
  const processors = cpus()
  return {
    date: new Date().toISOString(),
    processor: processors[0]?.model,
    processors: processors.length,
    memoryBytes: totalmem(),
    kernel: release(),
    system: /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1],
    node: process.version,
    uid: process.getuid?.(),
  }
}
