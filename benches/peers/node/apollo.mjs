// GraphQL Armor on Apollo Server: a gateway whose executor forwards the operation as it came.

import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import { ApolloArmor } from "@escape.tech/graphql-armor";
import { buildSchema } from "graphql";
import { forward, inTwoWorkers, limits, port, schema } from "./contestant.mjs";

const gateway = {
  onSchemaLoadOrUpdate(callback) {
    callback({ apiSchema: buildSchema(schema()), coreSupergraphSdl: schema() });
    return () => {};
  },
  async load() {
    const executor = ({ request: { query, variables, operationName } }) =>
      forward({ query, variables, operationName });
    return { executor };
  },
  async stop() {},
};

await inTwoWorkers(() => {
  const server = new ApolloServer({ gateway, introspection: false, ...new ApolloArmor(limits).protect() });
  return startStandaloneServer(server, { listen: { port: Number(port), host: "127.0.0.1" } });
});
