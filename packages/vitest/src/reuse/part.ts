/** A part of the process that files change. */
export interface ProcessPart {
  restore(): void
  /** What the end of the process would do, while the file still has its sandbox. */
  exit?(): void
  /** Begins to watch for changes that are to stay; the returned function ends it. */
  keepChanges?(): () => void
}

/** All of them, in order; each is put back, also where another one cannot be. */
export function together(parts: readonly ProcessPart[]): Required<ProcessPart> {
  return {
    restore() {
      const failures = parts.flatMap((part) => failureOf(() => part.restore()))
      if (failures.length > 0) throw failures[0]
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

function failureOf(restore: () => void): unknown[] {
  try {
    restore()
    return []
  } catch (error) {
    return [error]
  }
}
