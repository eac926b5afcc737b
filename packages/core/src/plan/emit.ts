import { isBelow, parentOf } from '../paths/paths.ts'
import type { Attributes } from './attributes.ts'
import type { CopyEntry, Layout, OverlayPlace, Place, TmpfsPlace, UpperEntry } from './layout.ts'
import type { Planning } from './planning.ts'
import { pseudoSteps } from './pseudo.ts'
import type { Step } from './types.ts'

/** The steps that make a layout, parents before children. */
export function emitTree(planning: Planning): Step[] {
  const { layout } = planning
  const groups = groupBy(layout.inOrder(), (place) => layout.groupOf(place.path))
  const readOnly = readOnlySteps(layout)
  const steps = [...groups].flatMap(([group, places]) => [
    ...places.flatMap((place) => placeSteps(planning, place)),
    ...mountPointSteps(layout, group, [...groups.keys()]),
    ...(readOnly.get(group) ?? []),
  ])
  // The mount of `/` holds the directories that were made anew; private ones are mounts of their own.
  return planning.allReadOnly ? [...steps, ['readonly', 'root', 'alone']] : steps
}

/**
 * Mount points of the groups below a read-only directory that is made anew: its read-only bind, which comes next, would
 * leave no way to make them. In the host's directories they are there, or in an upper directory.
 */
function mountPointSteps(layout: Layout, group: string, groups: readonly string[]): Step[] {
  const readOnly = [...layout.readOnlyPaths].filter((path) => layout.groupOf(path) === group)
  return groups
    .filter((path) => readOnly.some((above) => isBelow(path, above)))
    .filter((path) => layout.groupOf(parentOf(path)) === group)
    .filter((path) => ['overlay', 'tmpfs'].includes(layout.get(path)?.kind ?? ''))
    .filter((path) => layout.owner(parentOf(path)).kind === 'dir')
    .map((path): Step => ['mkdir', dest(path), '755', '-', '-'])
}

/** A read-only bind takes all that stands below at that moment: it comes after its group, before the groups below. */
function readOnlySteps(layout: Layout): Map<string, Step[]> {
  const paths = [...layout.readOnlyPaths].toSorted()
  const groups = groupBy(paths, (path) => layout.groupOf(path))
  return new Map(
    [...groups].map(([group, below]) => [
      group,
      below.map((path): Step => ['readonly', dest(path)]),
    ]),
  )
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}

function placeSteps(planning: Planning, place: Place): Step[] {
  switch (place.kind) {
    case 'overlay':
      return overlaySteps(place)
    case 'tmpfs':
      return tmpfsSteps(planning, place)
    case 'pseudo':
      return pseudoSteps(planning, place.type)
    case 'bind':
      return [['bind', dest(place.path), place.source, place.flags]]
    case 'mask':
      return [['mask', dest(place.path)]]
    default:
      return [entryStep(dest(place.path), place)]
  }
}

function tmpfsSteps({ options }: Planning, { path, attributes, content }: TmpfsPlace): Step[] {
  const size = options.fs.tmpSizeBytes === null ? '-' : String(options.fs.tmpSizeBytes)
  if (content === undefined) return [['tmpfs', dest(path), ...owned(attributes), size]]
  return [
    ['tmpfs', dest(path), ...owned(attributes), '-'],
    ['copy', dest(path), content, '-', '-'],
  ]
}

function overlaySteps({
  id,
  path,
  lower,
  attributes,
  upper,
  readOnly,
  optional,
}: OverlayPlace): Step[] {
  const flags = [...(readOnly ? ['ro'] : []), ...(optional ? ['optional'] : [])].join(',') || '-'
  const made: Step = ['mkdir', `u/${id}`, ...owned(attributes)]
  const entries = [...upper].map(([name, entry]) =>
    entryStep(name === '' ? `u/${id}` : `u/${id}/${name}`, entry),
  )
  return [
    lower === null
      ? ['mkdir', `l/${id}`, '755', '-', '-']
      : ['lower', id, lower, optional ? 'optional' : '-'],
    ...(entries.length === 0 ? [] : [made, ...entries]),
    ['overlay', dest(path), id, ...owned(attributes), flags],
  ]
}

function entryStep(to: string, entry: UpperEntry): Step {
  switch (entry.kind) {
    case 'dir':
      return ['mkdir', to, ...owned(entry.attributes)]
    case 'file':
      return ['file', to, ...owned(entry.attributes), entry.content]
    case 'copy':
      return copyStep(to, entry)
    case 'symlink':
      return ['symlink', to, entry.target]
    case 'whiteout':
      return ['whiteout', to]
  }
}

function copyStep(to: string, { source, maxBytes, noWrite }: CopyEntry): Step {
  const flags = [...(maxBytes === null ? [] : ['optional']), ...(noWrite ? ['nowrite'] : [])].join(
    ',',
  )
  return ['copy', to, source, maxBytes === null ? '-' : String(maxBytes), flags || '-']
}

function owned({ mode, uid, gid }: Attributes): [string, string, string] {
  return [mode, uid, gid]
}

function dest(path: string): string {
  return path === '/' ? 'root' : `root${path}`
}
