/** Gives a replacement the name, length and further properties of what it replaces. */
export function alike<Replacement extends object>(
  replacement: Replacement,
  original: object,
): Replacement {
  const { prototype: _, ...properties } = Object.getOwnPropertyDescriptors(original) as Record<
    PropertyKey,
    PropertyDescriptor
  >
  return Object.defineProperties(replacement, properties)
}

type Method = (this: object, ...values: unknown[]) => unknown

/** A call that has returned. */
export interface Call {
  readonly self: object
  readonly values: readonly unknown[]
  readonly result: unknown
  /** The function that was called, for stacks. */
  readonly method: (...values: never[]) => unknown
}

/** Replaces a method by one that tells of its calls. */
export function observeMethod(owner: object, name: string, tell: (call: Call) => void): void {
  const descriptor = Object.getOwnPropertyDescriptor(owner, name)
  const original = descriptor?.value as Method | undefined
  if (!descriptor || !original) return
  const replacement = alike(
    function (this: object, ...values: unknown[]): unknown {
      const result = original.apply(this, values)
      tell({ self: this, values, result, method: replacement as Call['method'] })
      return result
    } as Method,
    original,
  )
  Object.defineProperty(owner, name, { ...descriptor, value: replacement })
}
