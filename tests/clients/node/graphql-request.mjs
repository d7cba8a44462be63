// graphql-request: a query, a mutation, a batch, and a refusal as ClientError.

import assert from 'node:assert/strict'
import { ClientError, GraphQLClient, gql } from 'graphql-request'
import { codes, failure, url } from './addresses.mjs'

const client = new GraphQLClient(url)

const hello = gql`query Hello($name: String) { hello(name: $name) }`
assert.deepEqual(await client.request(hello, { name: 'you' }), { hello: 'Hello you' })

const added = await client.request(gql`mutation { addBook(title: "B") { title } }`)
assert.deepEqual(added, { addBook: { title: 'B' } })

const batch = await client.batchRequests([
  { document: hello, variables: { name: 'a' } },
  { document: hello, variables: { name: 'b' } },
])
assert.deepEqual(batch.map((it) => it.data.hello), ['Hello a', 'Hello b'])

const refused = await failure(client.request(gql`{ secret }`))
assert.ok(refused instanceof ClientError)
assert.equal(refused.response.status, 403)
assert.deepEqual(codes(refused.response.errors), ['FORBIDDEN'])

const nameless = await failure(client.request(gql`{ nothing }`))
assert.equal(nameless.response.status, 422)
assert.deepEqual(codes(nameless.response.errors), ['GRAPHQL_VALIDATION_FAILED'])
