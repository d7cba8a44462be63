// The audits of `graphql-http`: each by its id with the outcome, as one JSON object.
// An address may follow the port, to audit the server itself.

import { auditServer } from 'graphql-http'
import { url } from './addresses.mjs'

/** As a client does whose pages the firewall serves. */
const fetchFn = (address, options = {}) => {
  const headers = { 'graphql-require-preflight': '1', ...options.headers }
  return fetch(address, { ...options, headers })
}

const results = await auditServer({ url: process.argv[3] ?? url, fetchFn })
const told = results.map(({ id, name, status, reason }) => [id, { name, status, reason }])
console.log(JSON.stringify(Object.fromEntries(told)))
