/** Explain each reply that stands on standard input, one JSON value; fill in the registry's examples. */
import { readFileSync } from "node:fs";

import { exampleNamed, replyOf } from "../../docs/assets/explorer/examples.mjs";
import { explain } from "../../docs/assets/explorer/explain.mjs";

const DATA = new URL("../../docs/assets/explorer/data/", import.meta.url);
const read = (name) => JSON.parse(readFileSync(new URL(`${name}.json`, DATA), "utf8"));
const tables = read("tables");
tables.providers = Object.fromEntries(Object.keys(tables.providers).map((name) => [name, read(name)]));

const { now, examples, replies } = JSON.parse(readFileSync(0, "utf8"));
const filled = examples.map(({ provider, name }) => ({
  provider,
  reply: replyOf(exampleNamed(tables.providers, name), now),
}));
const explained = [...filled, ...replies].map(({ provider, reply }) => ({
  reply,
  told: explain(tables, provider, reply, now),
}));
process.stdout.write(JSON.stringify(explained));
