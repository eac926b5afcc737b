export type Descriptors = Map<PropertyKey, PropertyDescriptor>

/** The own properties of an object as they were, to be put back. */
export class Properties {
  readonly #object: object
  readonly #ignores: (key: PropertyKey) => boolean
  readonly #kept: Descriptors
  /** The same in the order of the object's keys. */
  #entries: [PropertyKey, PropertyDescriptor][] = []

  constructor(object: object, ignores: (key: PropertyKey) => boolean = () => false) {
    this.#object = object
    this.#ignores = ignores
    this.#kept = this.read()
    this.#entries = [...this.#kept]
  }

  read(): Descriptors {
    const descriptors: Descriptors = new Map()
    for (const key of Reflect.ownKeys(this.#object)) {
      if (this.#ignores(key)) continue
      const descriptor = Reflect.getOwnPropertyDescriptor(this.#object, key)
      if (descriptor) descriptors.set(key, descriptor)
    }
    return descriptors
  }

  /** What has changed since `before` is to stay. */
  keepChangesSince(before: Descriptors): void {
    const now = this.read()
    for (const key of changedKeys(before, now)) {
      const descriptor = now.get(key)
      if (descriptor) this.#kept.set(key, descriptor)
      else this.#kept.delete(key)
    }
    this.#noteOrder()
  }

  /** Returns whether there was something to put back. What cannot be configured stays as it is. */
  restore(): boolean {
    if (this.#isUnchanged()) return false
    const changed = changedKeys(this.#kept, this.read())
    for (const key of changed) {
      const descriptor = this.#kept.get(key)
      if (descriptor) Reflect.defineProperty(this.#object, key, descriptor)
      else Reflect.deleteProperty(this.#object, key)
    }
    this.#noteOrder()
    return changed.length > 0
  }

  /** A property that was taken away and put back comes last. */
  #noteOrder(): void {
    const keys = Reflect.ownKeys(this.#object)
    this.#entries = keys.flatMap((key) => {
      const kept = this.#kept.get(key)
      return kept ? [[key, kept]] : []
    })
  }

  /** Making the descriptors of two thousand properties takes longer than all else between two files. */
  #isUnchanged(): boolean {
    let next = 0
    for (const key of Reflect.ownKeys(this.#object)) {
      const entry = this.#entries[next]
      if (entry?.[0] === key) {
        if (!this.#isLike(key, entry[1])) return false
        next += 1
      } else if (!this.#ignores(key)) return false
    }
    return next === this.#kept.size
  }

  #isLike(key: PropertyKey, kept: PropertyDescriptor): boolean {
    if (!('value' in kept))
      return isSame(kept, Reflect.getOwnPropertyDescriptor(this.#object, key) ?? {})
    try {
      return Object.is(Reflect.get(this.#object, key), kept.value)
    } catch {
      // A getter that took the value's place.
      return false
    }
  }
}

function changedKeys(before: Descriptors, now: Descriptors): PropertyKey[] {
  const changed: PropertyKey[] = []
  for (const [key, descriptor] of now) if (!isSame(before.get(key), descriptor)) changed.push(key)
  if (now.size - changed.length < before.size)
    for (const key of before.keys()) if (!now.has(key)) changed.push(key)
  return changed
}

function isSame(one: PropertyDescriptor | undefined, other: PropertyDescriptor): boolean {
  return (
    one !== undefined &&
    Object.is(one.value, other.value) &&
    one.get === other.get &&
    one.set === other.set &&
    one.writable === other.writable &&
    one.enumerable === other.enumerable &&
    one.configurable === other.configurable
  )
}
