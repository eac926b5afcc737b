/** A part of the process that files change. */
export interface ProcessPart {
  restore(): void
  /** What the end of the process would do, while the file still has its sandbox. */
  exit?(): void
  /** Begins to watch for changes that are to stay; the returned function ends it. */
  keepChanges?(): () => void
}

/** All of them, in order. */
export function together(parts: readonly ProcessPart[]): Required<ProcessPart> {
  return {
    restore() {
      for (const part of parts) part.restore()
    },
    exit() {
      for (const part of parts) part.exit?.()
    },
    keepChanges() {
      const ends = parts.map((part) => part.keepChanges?.())
      return () => {
        for (const end of ends) end?.()
      }
    },
  }
}
