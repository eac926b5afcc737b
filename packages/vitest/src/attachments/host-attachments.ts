import { createHash } from 'node:crypto'
import { renameSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Reporter } from 'vitest/node'

interface Attachment {
  path?: string
}

/**
 * Keeps attachments that exist only inside where Vitest's runner can copy them from. Vitest names the copy by
 * the SHA-1 of the path, so the copy is renamed to what the path inside gives.
 */
export class HostAttachments {
  /** From the name that the staged path gave to the name that the path inside gives. */
  readonly #names = new Map<string, string>()
  #count = 0

  async stage(
    directory: string,
    { path, content }: { readonly path: string; readonly content: Uint8Array },
  ): Promise<string> {
    this.#count += 1
    const staged = join(directory, String(this.#count), basename(path))
    await mkdir(dirname(staged), { recursive: true })
    await writeFile(staged, content)
    this.#names.set(sha1(staged), sha1(path))
    return staged
  }

  /** Must come before the user's reporters, which then see the right names. */
  reporter(): Reporter {
    return {
      onTestCaseAnnotate: (_test, annotation) => this.#rename(annotation.attachment),
      onTestCaseArtifactRecord: (_test, artifact) =>
        (artifact.attachments ?? []).forEach((attachment) => this.#rename(attachment)),
    }
  }

  #rename(attachment: Attachment | undefined): void {
    if (attachment?.path === undefined) return
    const { path } = attachment
    const staged = /[0-9a-f]{40}(?=\.[^.]*$|$)/.exec(basename(path))?.[0]
    const wanted = staged === undefined ? undefined : this.#names.get(staged)
    if (staged === undefined || wanted === undefined) return
    attachment.path = join(dirname(path), basename(path).replace(staged, wanted))
    renameSync(path, attachment.path)
  }
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}
