/** The rest of a test file that leaves an `isolate()` open, with others that wait for it; it imports what it uses. */
export const leavesIsolateOpen = `
  beforeAll(async () => {
    const [first, second] = [isolate(), isolate()]
    isolate() // nobody hears of it
    const tell = ({ code }) => void writeSync(2, code + '\\n')
    second.catch(tell).then(() => isolate()).catch(tell)
    await first
  })
  test('is inside', () => {
    console.log('pid', process.pid)
    expect(existsSync('left')).toBe(false)
    writeFileSync('left', '')
  })`
