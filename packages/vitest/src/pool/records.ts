import { relative } from 'node:path'
import { fallbackRecord, sandboxEndOf, writeKeptFiles, type SandboxEnd } from '@netns/core/runner'
import type { TestProject } from 'vitest/node'
import type { FileMessage, IsolatedMessage } from '../channel/protocol.ts'
import type { Run } from '../run/run.ts'
import type { WorkerProcess } from './worker-process.ts'

/** Tells the report which sandboxes a worker had. */
export class Records {
  readonly #run: Run
  readonly #project: TestProject
  readonly #worker: WorkerProcess
  /** Files whose sandbox is not in the report yet, relative to the root. */
  readonly #open = new Set<string>()

  constructor(run: Run, project: TestProject, worker: WorkerProcess) {
    this.#run = run
    this.#project = project
    this.#worker = worker
  }

  filesBegin(files: readonly { readonly filepath: string }[]): void {
    for (const { filepath } of files) this.#open.add(this.#name(filepath))
  }

  /** One file of a worker that goes on. */
  async fileEnded({ files, end, leaks }: FileMessage): Promise<void> {
    const names = files.map((file) => this.#name(file))
    for (const name of names) this.#open.delete(name)
    const kept = await writeKeptFiles(this.#worker.setup.keep?.projectRoot ?? null, end.kept)
    this.#add(names, end.setupUs, sandboxEndOf(end, kept, leaks))
  }

  async isolateEnded({ end }: IsolatedMessage): Promise<void> {
    const { kept, keepFailures } = await writeKeptFiles(
      this.#worker.setup.keep?.projectRoot ?? null,
      end.kept,
    )
    this.#run.report.addIsolation({ ...end, files: [...this.#open], kept, keepFailures })
  }

  /** The sandbox of the process: of its only file, or of the file in which it ended. */
  async processEnded(): Promise<void> {
    const { started, ended, reason, setup } = this.#worker
    const start = await started.catch(() => null)
    const end = await ended.catch(() => null)
    const files = [...this.#open]
    const { report } = this.#run
    if (reason) for (const file of files) report.addFallback(fallbackRecord(file, reason))
    if (!setup.sandboxed || (setup.files !== 'one' && files.length === 0)) return
    this.#add(files, start?.setupUs ?? null, end)
  }

  #add(files: readonly string[], setupUs: number | null, end: SandboxEnd | null): void {
    const { name } = this.#project
    this.#run.report.add({
      files,
      setupUs,
      end,
      degraded: this.#worker.degraded,
      ...(name === '' ? {} : { project: name }),
    })
  }

  #name(file: string): string {
    return relative(this.#project.config.root, file)
  }
}
