import type { ProcessPart } from './part.ts'
import { Properties } from './properties.ts'

interface Serializer {
  test(value: unknown): boolean
}

type Chai = typeof import('vitest').chai
type Vitest = Pick<typeof import('vitest'), 'vi' | 'expect' | 'chai'>

interface SerializerTaker {
  addSnapshotSerializer(serializer: Serializer): void
}

/** State inside Vitest that a file reaches through `vi` and `expect`, in Vitest 4.1 and 5. */
export function vitestState(): ProcessPart {
  const { vi, expect, chai } = Reflect.get(globalThis, '__vitest_index__') as Vitest
  const { matchers, customEqualityTesters } = expectations()
  const serializers = new FileSerializers()
  serializers.watch(chai.expect as unknown as SerializerTaker)
  serializers.watch(expect as unknown as SerializerTaker)
  const objects = [expect, ...objectsOf(chai), ...(matchers ? [matchers] : []), ...asymmetric()]
  const all = objects.map((object) => new Properties(object))
  return {
    restore() {
      vi.useRealTimers()
      vi.unstubAllEnvs()
      vi.unstubAllGlobals()
      vi.restoreAllMocks()
      for (const properties of all) properties.restore()
      if (customEqualityTesters) customEqualityTesters.length = 0
      serializers.forget()
    },
    keepChanges() {
      const before = all.map((properties) => properties.read())
      return () => {
        for (const [index, properties] of all.entries())
          properties.keepChangesSince(before[index] ?? new Map())
      }
    },
  }
}

function objectsOf(chai: Chai): object[] {
  return [chai.Assertion.prototype as object, chai.config, chai.expect, chai.assert]
}

function expectations(): { matchers?: object; customEqualityTesters?: unknown[] } {
  return (Reflect.get(globalThis, Symbol.for('$$jest-matchers-object')) ?? {}) as ReturnType<
    typeof expectations
  >
}

function asymmetric(): object[] {
  const matchers: unknown = Reflect.get(globalThis, Symbol.for('asymmetric-matchers-object'))
  return typeof matchers === 'object' && matchers !== null ? [matchers] : []
}

/** Vitest never forgets a snapshot serializer: those of a file that has ended say that nothing is theirs. */
class FileSerializers {
  #file = {}

  watch(expect: SerializerTaker): void {
    // Chai's methods refuse to be asked for their length, as `bind` does.
    const { addSnapshotSerializer: add } = expect
    expect.addSnapshotSerializer = (serializer) => {
      const file = this.#file
      const test = (value: unknown): boolean => file === this.#file && serializer.test(value)
      add.call(expect, Object.assign(Object.create(serializer) as Serializer, { test }))
    }
  }

  forget(): void {
    this.#file = {}
  }
}
