// Apollo Client: queries and mutations, automatic persisted queries, batches, uploads.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from '@apollo/client'
import { BatchHttpLink } from '@apollo/client/link/batch-http'
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries'
import UploadHttpLink from 'apollo-upload-client/UploadHttpLink.mjs'
import { codes, failure, url } from './addresses.mjs'

const sent = []
const recording = (uri, options) => {
  sent.push({ method: options.method, body: options.body, uri: String(uri) })
  return fetch(uri, options)
}

const client = (link) => new ApolloClient({ link, cache: new InMemoryCache() })
const plain = client(new HttpLink({ uri: url, fetch: recording }))
const BOOK = gql`query Book($id: ID!) { book(id: $id) { id title next { title } } }`

async function query() {
  const { data } = await plain.query({ query: BOOK, variables: { id: 3 } })
  assert.deepEqual([data.book.title, data.book.next.title], ['Book 3', 'Book 4'])
}

async function mutation() {
  const mutation = gql`mutation Add($title: String!) { addBook(title: $title) { title } }`
  const { data } = await plain.mutate({ mutation, variables: { title: 'É 😀 "quoted"' } })
  assert.equal(data.addBook.title, 'É 😀 "quoted"')
}

async function refusal() {
  const error = await failure(plain.query({ query: gql`{ secret }` }))
  assert.ok(CombinedGraphQLErrors.is(error), String(error))
  assert.deepEqual(codes(error.errors), ['FORBIDDEN'])
  const deep = gql`{ book(id: 1) { next { next { next { title } } } } }`
  const tooDeep = await failure(plain.query({ query: deep }))
  assert.deepEqual(codes(tooDeep.errors), ['MAX_DEPTH_LIMIT'])
}

const sha256 = (text) => createHash('sha256').update(text).digest('hex')

async function persisted() {
  // What a page of another site cannot send: a GET needs it.
  const headers = { 'apollo-require-preflight': 'true' }
  const http = new HttpLink({ uri: url, headers, fetch: recording })
  const apq = (options) => client(new PersistedQueryLink({ sha256, ...options }).concat(http))
  sent.length = 0
  const query = gql`query Persisted { hello(name: "APQ") }`
  const fresh = () => apq({}).query({ query })
  assert.equal((await fresh()).data.hello, 'Hello APQ')
  assert.equal((await fresh()).data.hello, 'Hello APQ')
  const withText = sent.map(({ body }) => body.includes('"query"'))
  assert.deepEqual(withText, [false, true, false], 'unknown, told, known')
  const hashes = apq({ useGETForHashedQueries: true })
  assert.equal((await hashes.query({ query })).data.hello, 'Hello APQ')
  assert.equal(sent.at(-1).method, 'GET')
  const error = await failure(apq({}).query({ query: gql`query Hidden { secret }` }))
  assert.deepEqual(codes(error.errors), ['FORBIDDEN'])
}

async function unlisted() {
  const http = new HttpLink({ uri: url, fetch: recording })
  const apq = client(new PersistedQueryLink({ sha256 }).concat(http))
  sent.length = 0
  const ask = (name) => apq.query({ query: gql`query Unlisted($n: String) { hello(name: $n) }`, variables: { n: name } })
  assert.equal((await ask('a')).data.hello, 'Hello a')
  assert.equal((await ask('b')).data.hello, 'Hello b')
  const seen = sent.map(({ body }) => [body.includes('"query"'), body.includes('sha256Hash')])
  assert.deepEqual(seen, [[false, true], [true, false], [true, false]], 'refused once, then texts')
}

async function batch() {
  const batched = client(new BatchHttpLink({ uri: url, batchInterval: 5, fetch: recording }))
  sent.length = 0
  const hello = gql`query Hello($name: String) { hello(name: $name) }`
  const ask = (name) => batched.query({ query: hello, variables: { name } })
  const answers = await Promise.all(['a', 'b', 'c'].map(ask))
  assert.deepEqual(answers.map((it) => it.data.hello), ['Hello a', 'Hello b', 'Hello c'])
  assert.equal(sent.length, 1, 'one request')
  const refused = await Promise.all([
    failure(ask('d')),
    failure(batched.query({ query: gql`{ secret }` })),
  ])
  assert.deepEqual(refused.map((it) => codes(it.errors)), [['BATCH_REFUSED'], ['FORBIDDEN']])
}

async function upload() {
  const uploading = client(new UploadHttpLink({ uri: url, headers: { 'apollo-require-preflight': 'true' } }))
  const mutation = gql`mutation Upload($files: [Upload!]!) { uploads(files: $files) { name bytes } }`
  const files = [new File(['one'], 'one.txt'), new File(['x'.repeat(70_000)], 'zwei ü.bin')]
  const { data } = await uploading.mutate({ mutation, variables: { files } })
  const got = data.uploads.map(({ name, bytes }) => [name, bytes])
  assert.deepEqual(got, [['one.txt', 3], ['zwei ü.bin', 70_000]])
  const many = [1, 2, 3, 4].map((n) => new File(['x'], `${n}.txt`))
  const error = await failure(uploading.mutate({ mutation, variables: { files: many } }))
  assert.equal(codes(error.errors).length, 1, String(error))
}

const works = { query, mutation, refusal, persisted, unlisted, batch, upload }
for (const name of process.argv.slice(3)) await works[name]()
