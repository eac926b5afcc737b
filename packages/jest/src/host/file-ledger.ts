import { relative } from 'node:path'
import {
  NetnsError,
  ProjectWriter,
  type KeptFile,
  type Leak,
  type SandboxRecord,
} from '@netns/core'
import type { GlobalConfig, Test } from '../jest.ts'
import type { EncodedFile, WorkerMessage } from '../protocol.ts'
import type { ProcessEnd } from './supervision.ts'

type Ended = Extract<WorkerMessage, { kind: 'ended' }>

/** What is known of one test file that runs. */
class FileEntry {
  began: Extract<WorkerMessage, { kind: 'began' }> | undefined
  ended: Ended | undefined
  readonly kept: KeptFile[] = []
  readonly keepFailures: NetnsError[] = []
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
  readonly #unfit = new Set<number>()

  constructor(globalConfig: GlobalConfig, tests: readonly Test[]) {
    for (const { path, context } of tests) {
      const { rootDir, roots } = context.config
      this.#writers.set(
        path,
        new ProjectWriter([...new Set([rootDir, globalConfig.rootDir, ...roots])]),
      )
    }
  }

  receive(message: WorkerMessage): void {
    const writer = this.#writers.get(message.testPath)
    if (!writer) return
    const entry = this.#entryOf(message.testPath)
    switch (message.kind) {
      case 'began':
        entry.began = message
        break
      case 'snapshot':
        entry.write(() => writer.save(message))
        break
      case 'ended':
        entry.ended = message
        if (message.unfit !== null && entry.began) this.#unfit.add(entry.began.sandbox)
        for (const file of message.end.kept) entry.write(() => keep(writer, file, entry))
    }
  }

  /** A snapshot file that holds nothing any more. */
  removeSnapshot(testPath: string, snapshotPath: () => Promise<string>): void {
    const writer = this.#writers.get(testPath)
    this.#entryOf(testPath).write(async () => writer?.remove(await snapshotPath()))
  }

  /** Waits until the file's writes are done, and tells why it fails in spite of its result. */
  async settle(testPath: string): Promise<unknown> {
    const entry = this.#entryOf(testPath)
    await entry.writes
    return entry.error
  }

  /** Which process the environment said that the file runs in; `undefined` where it said nothing. */
  processOf(testPath: string): { readonly sandbox: number; readonly alone: boolean } | undefined {
    return this.#entryOf(testPath).began
  }

  /** Whether a process must not run another file. */
  isUnfit(sandbox: number): boolean {
    return this.#unfit.has(sandbox)
  }

  /** What the file left open, and netns closed. */
  leaksOf(testPath: string): readonly Leak[] {
    return this.#entryOf(testPath).ended?.leaks ?? []
  }

  /** The report's line of a file that has settled. */
  record({ path, context }: Test, process: ProcessEnd | null): SandboxRecord {
    const { rootDir, displayName } = context.config
    const { ended, kept, keepFailures } = this.#entryOf(path)
    const own = ended && {
      exitCode: null,
      signal: null,
      noRoute: ended.end.noRoute,
      leftProcesses: ended.end.endedProcesses,
      maxRssKiB: null,
      kept,
      keepFailures,
    }
    return {
      files: [relative(rootDir, path)],
      ...(displayName ? { project: displayName.name } : {}),
      setupUs: process ? process.setupUs : (ended?.end.setupUs ?? null),
      end: process ? process.end : (own ?? null),
      degraded: process?.degraded ?? [],
    }
  }

  #entryOf(testPath: string): FileEntry {
    const entry = this.#entries.get(testPath) ?? new FileEntry()
    this.#entries.set(testPath, entry)
    return entry
  }
}

async function keep(
  writer: ProjectWriter,
  { path, mode, base64 }: EncodedFile,
  { kept, keepFailures }: FileEntry,
): Promise<void> {
  const content = Buffer.from(base64, 'base64')
  try {
    await writer.save({ path, content, mode })
    kept.push({ path, sizeBytes: content.length })
  } catch (cause) {
    const { message } = cause as Error
    keepFailures.push(
      new NetnsError('NETNS_KEEP_FAILED', { path, detail: `${path}: ${message}`, cause }),
    )
  }
}
