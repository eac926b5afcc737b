import { ownAttributes } from './attributes.ts'
import { overlayOf } from './cover.ts'
import { nodeAt, type Planning } from './planning.ts'

const MINIMAL_NSSWITCH = 'passwd: files\ngroup: files\nshadow: files\nhosts: files\n'

/** Nothing answers there, so a look-up that reads no nsswitch.conf fails at once. */
const RESOLV_CONF = 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n'

/** The files that say how names become addresses are the sandbox's own. */
export function addNameFiles(planning: Planning): void {
  const { options, host } = planning
  makeWritableForUs(planning)
  if (options.net.mode === 'host') {
    addFile(
      planning,
      '/etc/hosts',
      `${endLine(host.files.text('/etc/hosts') ?? '')}${ownNames(planning)}`,
    )
    return
  }
  addFile(planning, '/etc/hosts', `${loopbackNames(options.hostname)}${userNames(planning)}`)
  addFile(planning, '/etc/resolv.conf', RESOLV_CONF)
  addFile(planning, '/etc/nsswitch.conf', nsswitch(host.files.text('/etc/nsswitch.conf')))
}

/** A read-only /etc becomes a read-only overlay, which can hold our files. */
function makeWritableForUs(planning: Planning): void {
  const place = planning.layout.get('/etc')
  const node = nodeAt(planning, '/etc')
  if (place?.kind === 'bind' && node?.type === 'dir')
    planning.layout.put(overlayOf(planning, '/etc', node, true))
  if (!place && !node)
    planning.layout.put({ kind: 'dir', path: '/etc', attributes: ownAttributes(0o755) })
}

function addFile({ layout, host }: Planning, path: string, content: string): void {
  if (layout.isExplicit(path)) return // fs.bind of the user
  layout.remove(path)
  const owner = layout.owner(path)
  const attributes = ownAttributes(host.uid === 0 ? 0o644 : 0o444)
  if (owner.kind === 'overlay')
    owner.upper.set(path.slice(owner.path.length + 1), { kind: 'file', attributes, content })
  else if (owner.kind === 'dir' || owner.kind === 'tmpfs')
    layout.put({ kind: 'file', path, attributes, content })
}

function loopbackNames(hostname: string): string {
  return `127.0.0.1 localhost ${hostname}\n::1 localhost ip6-localhost ip6-loopback ${hostname}\n`
}

function ownNames(planning: Planning): string {
  return `127.0.0.1 ${planning.options.hostname}\n${userNames(planning)}`
}

function userNames({ options }: Planning): string {
  return Object.entries(options.hosts)
    .map(([name, address]) => `${address} ${name}\n`)
    .join('')
}

/** With `files dns` an unknown name is EAI_AGAIN, which clients retry; with `files` it is ENOTFOUND at once. */
function nsswitch(text: string | undefined): string {
  if (text === undefined) return MINIMAL_NSSWITCH
  const others = text.split('\n').filter((line) => !/^\s*hosts\s*:/.test(line))
  return `${endLine(others.join('\n').trimEnd())}hosts: files\n`
}

function endLine(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}
