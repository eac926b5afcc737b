/** Whether a kernel release such as `6.8.0-45-generic` is older than a version. */
export function isOlderKernel(kernelRelease: string, major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = kernelRelease.split(/[.-]/).map(Number)
  return ownMajor < major || (ownMajor === major && ownMinor < minor)
}
