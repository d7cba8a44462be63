// relay-runtime: its network layer sends the id of a persisted document, as its compiler sets it up.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import relay from 'relay-runtime'
import { failure, url } from './addresses.mjs'

const { Environment, Network, RecordSource, Store, fetchQuery } = relay
const manifest = JSON.parse(readFileSync(new URL('persisted.json', import.meta.url), 'utf8'))

async function ask({ id, text }, variables) {
  const body = JSON.stringify({ documentId: id ?? undefined, query: text ?? undefined, variables })
  const headers = { 'Content-Type': 'application/json', Accept: 'application/graphql-response+json' }
  const answer = await fetch(url, { method: 'POST', headers, body })
  return answer.json()
}

const environment = new Environment({ network: Network.create(ask), store: new Store(new RecordSource()) })

/** What the compiler makes of a query of one scalar field. */
function compiled(name, field, { id = null, text = null }) {
  const selections = [{ alias: null, args: null, kind: 'ScalarField', name: field, storageKey: null }]
  const common = { argumentDefinitions: [], name, selections }
  return {
    kind: 'Request',
    fragment: { ...common, kind: 'Fragment', metadata: null, type: 'Query', abstractKey: null },
    operation: { ...common, kind: 'Operation' },
    params: { id, text, name, metadata: {}, operationKind: 'query', cacheID: name },
  }
}

const [id] = Object.keys(manifest)
const known = compiled('Known', 'hello', { id })
assert.deepEqual(await fetchQuery(environment, known, {}).toPromise(), { hello: 'Hello you' })

const hidden = compiled('Hidden', 'secret', { text: 'query Hidden { secret }' })
const refused = await failure(fetchQuery(environment, hidden, {}).toPromise())
assert.equal(refused.name, 'RelayNetwork')
assert.equal(refused.source.errors[0].extensions.code, 'FORBIDDEN')

const unknown = compiled('Unknown', 'hello', { id: '0'.repeat(64) })
const missing = await failure(fetchQuery(environment, unknown, {}).toPromise())
assert.equal(missing.source.errors[0].extensions.code, 'PERSISTED_QUERY_NOT_FOUND')
