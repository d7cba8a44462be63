// Lines of {text, printed}: graphql-js must read both, and as the same document. Lines of {text}:
// it must not read it.
import { createInterface } from 'node:readline';
import { Kind, parse, print, visit } from 'graphql';

// Our print writes block strings as ordinary ones, leaves descriptions out, and puts operations
// first and fragments behind them by name.
const key = (it) => (it.kind === Kind.FRAGMENT_DEFINITION ? `1 ${it.name.value}` : '0');
const plain = (text) => {
  const document = visit(parse(text, { noLocation: true }), {
    enter: (node) => ({
      ...node,
      ...(node.kind === Kind.STRING ? { block: false } : {}),
      ...(node.description ? { description: undefined } : {}),
      // Some servers read the one as an ID, and some the other.
      ...(node.kind === Kind.INT && node.value === '-0' ? { value: '0' } : {}),
    }),
  });
  const order = (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
  return print({ ...document, definitions: document.definitions.toSorted(order) });
};

const reads = (text) => {
  try {
    parse(text, { noLocation: true });
    return true;
  } catch {
    return false;
  }
};

let n = 0;
let refused = 0;
let wrong = 0;
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const { text, printed } = JSON.parse(line);
  n += 1;
  if (printed === undefined) {
    refused += 1;
    if (!reads(text)) continue;
    console.log(JSON.stringify({ read: text }));
    wrong += 1;
    continue;
  }
  try {
    if (plain(text) === plain(printed)) continue;
    console.log(JSON.stringify({ different: text, printed }));
  } catch (error) {
    console.log(JSON.stringify({ refused: text, printed, why: error.message }));
  }
  wrong += 1;
}
console.log(`${n} documents, ${refused} of them refused by us; ${wrong} differences`);
process.exit(wrong === 0 ? 0 : 1);
