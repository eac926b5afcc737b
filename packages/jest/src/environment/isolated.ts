import { isolate } from '@netns/core/worker'
import type { CircusEvent, EnvironmentClass } from '../jest.ts'
import type { Base } from './bases.ts'
import { abandonFile, beginFile, endFile, sendSnapshot, withoutOurs } from './file-run.ts'
import { noteTest } from './place.ts'

/** An environment of Jest in a sandbox: entered before setup files run, left when it is torn down. */
export function isolated({ Environment, fs }: Base): EnvironmentClass {
  const write = fs.writeFileSync
  /** Always the same function: jest-util keeps what it found first. */
  const writeSnapshot: typeof write = (path, data, ...rest) => {
    write.call(fs, path, data, ...rest)
    sendSnapshot(String(path), String(data))
  }
  return class extends Environment {
    constructor(...[config, context]: ConstructorParameters<EnvironmentClass>) {
      beginFile(config, context)
      // What it is while this runs, Jest writes its snapshots with, and only these.
      fs.writeFileSync = writeSnapshot
      let isMade = false
      try {
        super(withoutOurs(config), context)
        isMade = true
      } finally {
        fs.writeFileSync = write
        if (!isMade) abandonFile()
      }
      if (this.global)
        Object.defineProperty(this.global, Symbol.for('netns.isolate'), { value: isolate })
    }

    /** Tests get isolate() from `jest-environment-netns`; Jest itself, which asks without, gets the environment. */
    override exportConditions(): string[] {
      return [...(super.exportConditions?.() ?? []), 'netns']
    }

    override async handleTestEvent(event: CircusEvent, state: unknown): Promise<void> {
      await super.handleTestEvent?.(event, state)
      noteTest(event)
    }

    override async teardown(): Promise<void> {
      try {
        await super.teardown()
      } finally {
        await endFile()
      }
    }
  }
}
