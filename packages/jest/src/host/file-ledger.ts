import { relative } from 'node:path'
import {
  ProjectWriter,
  sandboxEndOf,
  writeKeptFiles,
  type IsolationRecord,
  type KeepRequest,
  type Kept,
  type SandboxRecord,
} from '@netns/core/runner'
import type { GlobalConfig, Test } from '../jest.ts'
import { fileKey, type EncodedFile, type WorkerMessage } from '../protocol.ts'
import type { ProcessEnd } from './supervision.ts'

type Ended = Extract<WorkerMessage, { kind: 'ended' }>

/** What is known of one test file that runs. */
class FileEntry {
  began: Extract<WorkerMessage, { kind: 'began' }> | undefined
  ended: Ended | undefined
  kept: Kept = { kept: [], keepFailures: [] }
  readonly isolations: Omit<IsolationRecord, 'files'>[] = []
  /** Why the file fails although its tests may pass. */
  error: unknown
  /** One after the other, so that the last snapshot of a path wins. */
  writes: Promise<void> = Promise.resolve()

  write(action: () => Promise<void>): void {
    this.writes = this.writes.then(action).catch((error: unknown) => {
      this.error ??= error
    })
  }
}

/** Takes what workers send about their files, and writes what leaves their sandboxes. */
export class FileLedger {
  readonly #entries = new Map<string, FileEntry>()
  readonly #writers = new Map<string, ProjectWriter>()
  /** Why processes must not run another file. */
  readonly #unfit = new Map<number, string>()
  /** The file that a process is in, by the number of its sandbox. */
  readonly #running = new Map<number, string>()

  constructor(globalConfig: GlobalConfig, tests: readonly Test[]) {
    for (const test of tests) {
      const { rootDir, roots } = test.context.config
      const permitted = new Set([rootDir, globalConfig.rootDir, ...roots])
      this.#writers.set(keyOf(test), new ProjectWriter([...permitted]))
    }
  }

  receive(message: WorkerMessage): void {
    const writer = this.#writers.get(message.file)
    if (!writer) return
    const entry = this.#entry(message.file)
    switch (message.kind) {
      case 'began':
        // Again where Jest repeats a file whose worker died.
        entry.began = message
        entry.ended = undefined
        this.#running.set(message.sandbox, message.file)
        break
      case 'unfit':
        this.#unfit.set(message.sandbox, message.reason)
        break
      case 'snapshot':
        entry.write(() => writer.save(message))
        break
      case 'isolated':
        entry.write(async () => {
          const kept = await keep(message.projectRoot, message.end.kept)
          entry.isolations.push({ ...message.end, ...kept })
        })
        break
      case 'ended':
        entry.ended = message
        if (entry.began) this.#running.delete(entry.began.sandbox)
        if (message.unfit !== null && entry.began)
          this.#unfit.set(entry.began.sandbox, message.unfit)
        entry.write(async () => {
          entry.kept = await keep(message.projectRoot, message.end.kept)
        })
    }
  }

  /** A snapshot file that holds nothing any more. */
  removeSnapshot(test: Test, snapshotPath: () => Promise<string>): void {
    const writer = this.#writers.get(keyOf(test))
    this.#entryOf(test).write(async () => writer?.remove(await snapshotPath()))
  }

  /** Waits until the file's writes are done, and tells why it fails in spite of its result. */
  async settle(test: Test): Promise<unknown> {
    const entry = this.#entryOf(test)
    await entry.writes
    return entry.error
  }

  /** Which process the environment said that the file runs in; `undefined` where it said nothing. */
  processOf(test: Test): { readonly sandbox: number; readonly alone: boolean } | undefined {
    return this.#entryOf(test).began
  }

  /** Whether a process must not run another file. */
  isUnfit(sandbox: number): boolean {
    return this.#unfit.has(sandbox)
  }

  /** A reason for each process that must not run another file. */
  unfitReasons(): readonly string[] {
    return [...this.#unfit.values()]
  }

  /** Whether the process ended in the middle of the file, or is about to. */
  isCutShort(test: Test): boolean {
    const { began, ended } = this.#entryOf(test)
    return !ended && began !== undefined && this.#running.get(began.sandbox) === began.file
  }

  /** What is to be kept of the file in which a process ended. */
  unfinishedKeep(sandbox: number): KeepRequest | null {
    const file = this.#running.get(sandbox)
    return file === undefined ? null : (this.#entry(file).began?.keep ?? null)
  }

  /** Each `isolate()` of a file that has settled. */
  isolationsOf(test: Test): readonly IsolationRecord[] {
    const files = [nameOf(test)]
    return this.#entryOf(test).isolations.map((isolation) => ({ ...isolation, files }))
  }

  /** The report's line of a file that has settled. */
  record(test: Test, process: ProcessEnd | null): SandboxRecord {
    const { displayName } = test.context.config
    const { ended, kept } = this.#entryOf(test)
    const own = ended ? sandboxEndOf(ended.end, kept, ended.leaks) : null
    return {
      files: [nameOf(test)],
      ...(displayName ? { project: displayName.name } : {}),
      setupUs: process ? process.setupUs : (ended?.end.setupUs ?? null),
      end: process ? process.end : own,
      degraded: process?.degraded ?? [],
    }
  }

  #entryOf(test: Test): FileEntry {
    return this.#entry(keyOf(test))
  }

  #entry(key: string): FileEntry {
    const entry = this.#entries.get(key) ?? new FileEntry()
    this.#entries.set(key, entry)
    return entry
  }
}

function nameOf({ path, context }: Test): string {
  return relative(context.config.rootDir, path)
}

function keyOf({ path, context }: Test): string {
  return fileKey(context.config, path)
}

function keep(projectRoot: string, files: readonly EncodedFile[]): Promise<Kept> {
  const decoded = files.map(({ path, mode, base64 }) => ({
    path,
    mode,
    content: Buffer.from(base64, 'base64'),
  }))
  return writeKeptFiles(projectRoot, decoded)
}
