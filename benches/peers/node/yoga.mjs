// GraphQL Armor on GraphQL Yoga: Yoga parses and validates with its caches, then the operation is
// forwarded as it came, instead of being executed.

import { createServer } from "node:http";
import { EnvelopArmorPlugin } from "@escape.tech/graphql-armor";
import { createSchema, createYoga } from "graphql-yoga";
import { forward, inTwoWorkers, limits, port, schema } from "./contestant.mjs";

const forwarding = {
  onExecute({ args, setExecuteFn }) {
    const { query, variables, operationName } = args.contextValue.params;
    setExecuteFn(() => forward({ query, variables, operationName }));
  },
};

await inTwoWorkers(() => {
  const yoga = createYoga({
    schema: createSchema({ typeDefs: schema() }),
    plugins: [EnvelopArmorPlugin(limits), forwarding],
    graphiql: false,
    landingPage: false,
    logging: false,
  });
  createServer(yoga).listen(Number(port), "127.0.0.1");
});
