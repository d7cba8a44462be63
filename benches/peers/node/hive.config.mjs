// Hive Gateway in proxy mode, with the limits that it has built in.

import { defineConfig } from "@graphql-hive/gateway";

export const gatewayConfig = defineConfig({
  maxTokens: 2000,
  // It counts one level more than benches/documents/limits.yaml.
  maxDepth: 9,
  // Equal queries are otherwise asked once for all who wait, and clients share the answer; no other
  // contestant does so.
  transportEntries: { "*": { options: { deduplicateInflightRequests: false } } },
  graphiql: false,
  landingPage: false,
  logging: false,
});
