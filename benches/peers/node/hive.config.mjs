// Hive Gateway in proxy mode, with the limits that it has built in.

import { defineConfig } from "@graphql-hive/gateway";

export const gatewayConfig = defineConfig({
  maxTokens: 2000,
  // It counts one level more than benches/documents/limits.yaml.
  maxDepth: 9,
  graphiql: false,
  landingPage: false,
  logging: false,
});
