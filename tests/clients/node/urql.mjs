// urql: queries, mutations, and subscriptions over graphql-ws.

import assert from 'node:assert/strict'
import { Client, fetchExchange, gql, subscriptionExchange } from '@urql/core'
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'
import { socketUrl, url } from './addresses.mjs'

const socket = createClient({ url: socketUrl, webSocketImpl: WebSocket })
const forwardSubscription = ({ query = '', variables }) => ({
  subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
})
const client = new Client({
  url,
  exchanges: [fetchExchange, subscriptionExchange({ forwardSubscription })],
  preferGetMethod: false,
})

const query = await client.query(gql`query Hello($name: String) { hello(name: $name) }`, { name: 'urql' })
assert.equal(query.error, undefined)
assert.equal(query.data.hello, 'Hello urql')

const mutation = await client.mutation(gql`mutation { addBook(title: "A") { id title } }`, {})
assert.equal(mutation.data.addBook.title, 'A')

const refused = await client.query(gql`{ secret }`, {})
assert.deepEqual(refused.error.graphQLErrors.map((it) => it.extensions.code), ['FORBIDDEN'])
assert.equal(refused.data, undefined)

const counted = []
await new Promise((done, fail) => {
  client.subscription(gql`subscription { count(to: 3) }`, {}).subscribe(({ data, error }) => {
    if (error) fail(error)
    if (data) counted.push(data.count)
    if (counted.length === 3) done()
  })
})
assert.deepEqual(counted, [1, 2, 3])
await socket.dispose()
