import { isBelow, parentOf } from '../paths/paths.ts'
import type { Attributes } from './attributes.ts'
import type { Degree } from './types.ts'

/** A host file or directory that is copied; what cannot be copied within `maxBytes` is left out. */
export interface CopyEntry {
  readonly kind: 'copy'
  readonly source: string
  readonly maxBytes: number | null
  /** The user may not write to it on the host. */
  readonly noWrite: boolean
}

/** An entry of an overlay's upper directory that is made before the overlay is mounted. */
export type UpperEntry =
  | { readonly kind: 'dir'; readonly attributes: Attributes }
  | { readonly kind: 'file'; readonly attributes: Attributes; readonly content: string }
  | CopyEntry
  | { readonly kind: 'symlink'; readonly target: string }
  | { readonly kind: 'whiteout' }

export interface OverlayPlace {
  readonly kind: 'overlay'
  readonly path: string
  readonly id: string
  /** `null`: nothing below, as for a fresh directory whose files can be kept. */
  readonly lower: string | null
  readonly attributes: Attributes
  readonly readOnly: boolean
  readonly optional: boolean
  /** By path relative to the overlay's root, parents first; `''` is the root itself. */
  readonly upper: Map<string, UpperEntry>
}

export interface TmpfsPlace {
  readonly kind: 'tmpfs'
  readonly path: string
  readonly attributes: Attributes
  /** A host directory that is copied into it. */
  readonly content?: string
}

/** What stands at one path of the sandbox. */
export type Place =
  | OverlayPlace
  | TmpfsPlace
  | ({ readonly path: string } & Exclude<UpperEntry, { kind: 'whiteout' }>)
  | {
      readonly kind: 'bind'
      readonly path: string
      readonly source: string
      readonly flags: string
    }
  | { readonly kind: 'pseudo'; readonly path: string; readonly type: 'proc' | 'sys' | 'dev' }
  | { readonly kind: 'mask'; readonly path: string }

/** The sandbox's tree while it is planned: which path is which of the four things. */
export class Layout {
  readonly #places = new Map<string, Place>()
  readonly #explicit = new Set<string>()
  readonly readOnlyPaths = new Set<string>()
  readonly degrees: Degree[] = []
  readonly problems: string[] = []
  #lastId = 0

  nextId(): string {
    return String(++this.#lastId)
  }

  /** Replaces what stands at the place's path. */
  put(place: Place): void {
    this.#places.set(place.path, place)
  }

  /** A place that was asked for by its path: fs.readonly above it does not reach it. */
  putExplicit(place: Place): void {
    this.put(place)
    this.#explicit.add(place.path)
  }

  isExplicit(path: string): boolean {
    return this.#explicit.has(path)
  }

  get(path: string): Place | undefined {
    return this.#places.get(path)
  }

  /** The place that decides what a path shows: at the path, or the nearest above it. */
  owner(path: string): Place {
    for (let at = path; ; at = parentOf(at)) {
      const place = this.#places.get(at)
      if (place) return place
      if (at === '/') throw new TypeError('the layout has no root')
    }
  }

  /** The nearest explicit path at or above a path, `/` where there is none. */
  groupOf(path: string): string {
    let at = path
    while (at !== '/' && !this.#explicit.has(at)) at = parentOf(at)
    return at
  }

  /** Takes away what stands at a path and below it. */
  remove(path: string): void {
    this.removeBelow(path)
    this.#forget(path)
  }

  removeBelow(path: string): void {
    for (const place of this.below(path)) this.#forget(place.path)
  }

  /** Takes away what shows the host at a path and below it, but nothing that was asked for below. */
  removeCover(path: string): void {
    const group = this.groupOf(path)
    for (const place of this.below(path))
      if (this.groupOf(place.path) === group) this.#forget(place.path)
    this.#forget(path)
  }

  #forget(path: string): void {
    this.#places.delete(path)
    this.#explicit.delete(path)
  }

  below(path: string): Place[] {
    return this.inOrder().filter((place) => isBelow(place.path, path))
  }

  /** Parents before children: a parent's path is a prefix of its children's. */
  inOrder(): Place[] {
    return [...this.#places.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1))
  }

  overlays(): OverlayPlace[] {
    return this.inOrder().filter((place) => place.kind === 'overlay')
  }
}
