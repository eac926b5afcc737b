import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { paths } from './paths.ts'

/** One entry a version of the schema; `PRAGMA user_version` says how many a file has. */
const migrations = [
  `CREATE TABLE products (sku TEXT PRIMARY KEY, name TEXT NOT NULL, priceCents INTEGER NOT NULL, stock INTEGER NOT NULL CHECK (stock >= 0));
   CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, sku TEXT NOT NULL, quantity INTEGER NOT NULL, totalCents INTEGER NOT NULL, placedAt TEXT NOT NULL);
   INSERT INTO products VALUES ('kettle', 'Kettle', 3900, 5), ('mug', 'Mug', 850, 40), ('tea', 'Green tea', 1200, 12);`,
  `ALTER TABLE orders ADD COLUMN email TEXT NOT NULL DEFAULT '';`,
]

/** Opens the shop's database, makes it where it is missing, and brings an old one up to date. */
export function openDatabase(): DatabaseSync {
  mkdirSync(dirname(paths.database), { recursive: true })
  const database = new DatabaseSync(paths.database)
  database.exec('PRAGMA busy_timeout = 2000')
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
  for (const [index, migration] of migrations.entries()) {
    if (index < version) continue
    database.exec(`BEGIN; ${migration} PRAGMA user_version = ${index + 1}; COMMIT;`)
  }
  return database
}
