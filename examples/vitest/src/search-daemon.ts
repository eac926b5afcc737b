import { createServer } from 'node:http'
import { DatabaseSync } from 'node:sqlite'
import { ports } from './paths.ts'

const database = new DatabaseSync(process.argv[2] as string, { readOnly: true })
const find = database.prepare(
  "SELECT sku FROM products WHERE name LIKE '%' || ? || '%' ORDER BY sku",
)

createServer((request, response) => {
  const word = new URL(request.url ?? '/', 'http://search').searchParams.get('word') ?? ''
  response.end(JSON.stringify(find.all(word).map((row) => row['sku'])))
})
  .on('error', (error: NodeJS.ErrnoException) => {
    process.stdout.write(`${error.code}\n`)
    process.exitCode = 1
  })
  .listen(ports.search, '127.0.0.1', () => process.stdout.write('ready\n'))
