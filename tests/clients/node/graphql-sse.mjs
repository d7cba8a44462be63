// graphql-sse: distinct connections, a query and a subscription, and a refusal.

import assert from 'node:assert/strict'
import { createClient } from 'graphql-sse'
import { codes, url } from './addresses.mjs'

const client = createClient({ url, retryAttempts: 0 })

/** All events of an operation. */
async function all(query) {
  const events = []
  for await (const event of client.iterate({ query })) events.push(event)
  return events
}

const counted = await all('subscription { count(to: 3) }')
assert.deepEqual(counted.map((it) => it.data.count), [1, 2, 3])

const hello = await all('{ hello }')
assert.deepEqual(hello.map((it) => it.data.hello), ['Hello you'])

// As the protocol has it: a refusal is the result of the operation.
const refused = await all('subscription { secretCount }')
assert.deepEqual(refused.map((it) => codes(it.errors)), [['FORBIDDEN']])
client.dispose()
