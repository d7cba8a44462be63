// GraphQL Yoga with everything clients speak: POST, GET, batches, uploads, SSE and WebSocket.
// Prints its port when it listens; ends when its standard input does.

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createSchema, createYoga } from 'graphql-yoga'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'

const PATH = '/up'

const book = (n) => ({ id: String(n), title: `Book ${n}`, next: () => book(n + 1) })

const described = async (file) => ({ name: file.name, bytes: (await file.arrayBuffer()).byteLength })

async function* count(to) {
  for (let n = 1; n <= to; n += 1) yield { count: n }
}

const resolvers = {
  Query: {
    hello: (_, { name }) => `Hello ${name}`,
    book: (_, { id }) => book(Number(id)),
    secret: () => 'the secret',
    fails: () => {
      throw new Error('as it must')
    },
  },
  Mutation: {
    addBook: (_, { title }) => ({ ...book(9), title }),
    upload: (_, { file }) => described(file),
    uploads: (_, { files }) => Promise.all(files.map(described)),
  },
  Subscription: {
    count: { subscribe: (_, { to }) => count(to) },
    secretCount: { subscribe: () => count(1), resolve: () => 1 },
  },
}

const typeDefs = readFileSync(new URL('schema.graphql', import.meta.url), 'utf8')
const schema = createSchema({ typeDefs, resolvers })
const yoga = createYoga({ schema, graphqlEndpoint: PATH, batching: true, logging: false })
const server = createServer(yoga)
useServer({ schema }, new WebSocketServer({ server, path: PATH }))
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
process.stdin.on('close', () => process.exit(0)).resume()
