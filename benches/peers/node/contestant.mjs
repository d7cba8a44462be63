// What the Node contestants share: two workers, one upstream, the same limits.
//
// Arguments: port, address of the upstream, file of the schema. Whoever starts one stops it; it
// also ends when its parent does (see `peer.rs`).

import cluster from "node:cluster";
import { readFileSync } from "node:fs";
import { Pool } from "undici";

export const [port, upstream, schemaFile] = process.argv.slice(2);

export const schema = () => readFileSync(schemaFile, "utf8");

/** Those of benches/documents/limits.yaml, as far as there is a setting for them. */
export const limits = {
  maxTokens: { n: 2000 },
  // They count one level more.
  maxDepth: { n: 9 },
  maxAliases: { n: 15 },
  maxDirectives: { n: 20 },
  costLimit: { maxCost: 5000 },
};

const pool = cluster.isPrimary ? undefined : new Pool(`http://${upstream}`, { connections: 64 });

/** Sends an operation on, and returns what the upstream answers. */
export async function forward(operation) {
  const { body } = await pool.request({
    path: "/graphql",
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(operation),
  });
  return body.json();
}

/** Runs `serve` in two workers. */
export async function inTwoWorkers(serve) {
  if (cluster.isPrimary) {
    cluster.fork();
    cluster.fork();
  } else {
    await serve();
  }
}
