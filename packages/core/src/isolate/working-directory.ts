import { NetnsError } from '../errors/netns-error.ts'

// Tests may replace them.
const chdir = process.chdir.bind(process)

/**
 * The working directory is a descriptor: after a change of root it still names the directory of the old one.
 *
 * @throws NetnsError `NETNS_ISOLATE_FAILED` where there is no such directory in the new root
 */
export function goTo(path: string): void {
  try {
    chdir(path)
  } catch (cause) {
    chdir('/')
    const errno = (cause as NodeJS.ErrnoException).code ?? 'EIO'
    throw new NetnsError('NETNS_ISOLATE_FAILED', {
      cause,
      errno,
      path,
      syscall: 'chdir',
      stage: 'chdir',
      hint: 'The working directory must exist inside: take it out of fs.hide and fs.private.',
    })
  }
}
