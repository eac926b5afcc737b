import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'

export interface SmtpServer {
  /** Every line that clients said. */
  received: string[]
  close(): Promise<void>
}

/** A mail server that takes every message. */
export async function startSmtpServer(port: number): Promise<SmtpServer> {
  const received: string[] = []
  const server = createServer((socket) => {
    let inMessage = false
    socket.on('error', () => socket.destroy())
    socket.write('220 smtp.shop.example\r\n')
    createInterface({ input: socket }).on('line', (line) => {
      received.push(line)
      if (inMessage && line !== '.') return
      inMessage = line === 'DATA'
      socket.write(
        inMessage
          ? '354 go on\r\n'
          : line.startsWith('EHLO')
            ? '250-hello\r\n250 SIZE 1000\r\n'
            : line === 'QUIT'
              ? '221 bye\r\n'
              : '250 taken\r\n',
      )
    })
  })
  server.listen(port)
  await once(server, 'listening')
  return { received, close: () => server[Symbol.asyncDispose]() }
}
