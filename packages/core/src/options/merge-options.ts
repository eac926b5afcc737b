type Sections = Readonly<Record<string, unknown>>

/** Options as written in a config, with the sections that a file's docblock sets replaced key by key. */
export function mergeOptions(configured: unknown, written: unknown): Sections {
  const merged: Record<string, unknown> = { ...(configured as Sections | undefined) }
  for (const [key, value] of Object.entries((written ?? {}) as Sections)) {
    const before = merged[key]
    merged[key] = isSections(before) && isSections(value) ? { ...before, ...value } : value
  }
  return merged
}

function isSections(value: unknown): value is Sections {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
