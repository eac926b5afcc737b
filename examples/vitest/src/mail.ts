import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface Mail {
  from: string
  to: string
  subject: string
  text: string
}

const timeoutMs = 2_000

/** Sends one message by SMTP (RFC 5321) and resolves when the server has taken it. */
export async function sendMail(host: string, port: number, mail: Mail): Promise<void> {
  const socket = connect({ host, port }).setEncoding('utf8')
  socket.setTimeout(timeoutMs, () =>
    socket.destroy(new Error(`no answer from ${host} within ${timeoutMs} ms`)),
  )
  try {
    await once(socket, 'connect')
    await converse(socket, mail)
  } finally {
    socket.destroy()
  }
}

async function converse(socket: Socket, mail: Mail): Promise<void> {
  const replies = readReplies(socket)
  const say = async (line: string, expected: string): Promise<void> => {
    if (line) socket.write(`${line}\r\n`)
    const { value } = await replies.next()
    if (!value?.startsWith(expected)) {
      throw new Error(`SMTP: expected ${expected} after '${line}', got '${value}'`)
    }
  }
  await say('', '220')
  await say('EHLO shop', '250')
  await say(`MAIL FROM:<${mail.from}>`, '250')
  await say(`RCPT TO:<${mail.to}>`, '250')
  await say('DATA', '354')
  await say(render(mail), '250')
  await say('QUIT', '221')
}

/** A line that starts with a dot gets a second one, since a lone dot ends the message. */
function render({ from, to, subject, text }: Mail): string {
  const lines = [`From: ${from}`, `To: ${to}`, `Subject: ${subject}`, '', ...text.split('\n')]
  return [...lines.map((line) => line.replace(/^\./, '..')), '.'].join('\r\n')
}

/** The last line of each reply: `250-SIZE` goes on, `250 OK` ends. */
async function* readReplies(socket: Socket): AsyncGenerator<string, undefined> {
  let rest = ''
  for await (const chunk of socket) {
    const lines = (rest + String(chunk)).split('\r\n')
    rest = lines.pop() ?? ''
    yield* lines.filter((line) => line[3] !== '-')
  }
}
