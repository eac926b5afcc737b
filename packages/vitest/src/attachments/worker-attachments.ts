import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { WorkerChannel } from '../channel/worker-channel.ts'

interface Attachment {
  path?: string
}

interface Artifact {
  annotation?: { attachment?: Attachment }
  attachments?: Attachment[]
}

/**
 * The runner copies attachments from their path on the host. Files of the sandbox are given to it first, and
 * the artifact then names where they lie.
 */
export async function stageAttachments(
  artifact: unknown,
  { root, channel }: { readonly root: string; readonly channel: WorkerChannel },
): Promise<void> {
  for (const attachment of attachmentsOf(artifact as Artifact)) {
    const file = attachment.path === undefined ? null : insideFile(attachment.path, root)
    if (file === null) continue
    const content = readFileSync(file)
    attachment.path = await channel.call('stageAttachment', { path: file, content })
  }
}

function attachmentsOf({ annotation, attachments }: Artifact): Attachment[] {
  return [...(annotation?.attachment ? [annotation.attachment] : []), ...(attachments ?? [])]
}

function insideFile(path: string, root: string): string | null {
  if (/^https?:\/\//.test(path)) return null
  const file = resolve(root, path)
  return statSync(file, { throwIfNoEntry: false })?.isFile() ? file : null
}
