// graphql-ws: subscriptions, a query over the socket, a refusal that leaves the socket open.

import assert from 'node:assert/strict'
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'
import { codes, failure, socketUrl } from './addresses.mjs'

let opened = 0
const client = createClient({
  url: socketUrl,
  webSocketImpl: WebSocket,
  lazy: false,
  retryAttempts: 0,
  onNonLazyError: (error) => { throw error },
  on: { opened: () => { opened += 1 } },
})

/** All events of an operation. */
async function all(query, variables) {
  const events = []
  for await (const event of client.iterate({ query, variables })) events.push(event)
  return events
}

const counted = await all('subscription Count($to: Int!) { count(to: $to) }', { to: 3 })
assert.deepEqual(counted.map((it) => it.data.count), [1, 2, 3])

assert.deepEqual(codes(await failure(all('subscription { secretCount }'))), ['FORBIDDEN'])

const together = await Promise.all([1, 2, 3].map((to) => all('subscription C($to: Int!) { count(to: $to) }', { to })))
assert.deepEqual(together.map((it) => it.length), [1, 2, 3])

const hello = await all('{ hello }')
assert.deepEqual(hello.map((it) => it.data.hello), ['Hello you'])
assert.equal(opened, 1, 'one socket for all')
await client.dispose()
