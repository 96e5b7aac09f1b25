/** The rules run anywhere: they load nothing but each other, and decide without help. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";

import { makePool, POLICY } from "./pool.mjs";
import { decide, makeCall } from "./rules.mjs";

const NAMES = [
  "codec", "moments", "reply", "classify", "forms", "texts", "hints", "pool", "owners", "cooldowns",
  "refreshes", "rules", "usable", "course",
];
const DATA = new URL("../../../docs/data/", import.meta.url);
const PURE = NAMES.map((name) => `./${name}.mjs`);
const OUTSIDE = /\b(process|require|globalThis|fetch|set\w+out|random\(|Date\.now|Date\(\))/;

test("a browser can load the rules: they import only each other and touch nothing outside", () => {
  for (const name of PURE) {
    const source = readFileSync(new URL(name, import.meta.url), "utf8");
    const imports = [...source.matchAll(/\b(?:from|import)\s*\(?\s*["']([^"']+)["']/g)];
    const foreign = imports.map(([, target]) => target).filter((target) => !PURE.includes(target));

    assert.deepEqual(foreign, [], name);
    assert.doesNotMatch(source.replace(/\/\*[^]*?\*\/|\/\/.*/g, ""), OUTSIDE, name);
  }
});

test("a pool's policy has the defaults of the specification's table", () => {
  const { rows } = JSON.parse(readFileSync(new URL("policy.json", DATA), "utf8"));
  const defaults = Object.fromEntries(rows.map((row) => [row.name, row.default ?? {}]));

  for (const [name, value] of Object.entries(POLICY)) assert.deepEqual(value, defaults[name], name);
});

test("an empty account rests for a day, and the next entry takes the call", () => {
  const entries = ["a", "b"].map((id) => ({ id, secret: `key-${id}`, priority: 0, owner: null }));
  const before = { pool: makePool({ provider: "openai", entries }), call: makeCall("gpt-5") };
  const row = { class: "out_of_credit", action: "rotate", scope: "owner", cooldown: 86400 };
  const failure = { entry: "a", secret: "key-a", verdict: { ...row, hint: null } };

  const first = decide(before, { type: "start" }, 1000);
  const { pool, action } = decide(first, { type: "failure", ...failure }, 1000);

  assert.equal(first.action.entry, "a");
  assert.deepEqual(action, { do: "send", entry: "b", drew: false });
  const { class: reason, since, until } = pool.entries[0].cooldown;
  assert.deepEqual([reason, since, until], ["out_of_credit", 1000, 87400]);
  assert.equal(before.pool.entries[0].cooldown, null);
});

test("a token that is about to end is refreshed by the first who claims it, and the next one waits", () => {
  const login = { id: "a", secret: "old", refresh_token: "grant", priority: 0, owner: null };
  const pool = makePool({ provider: "chatgpt", entries: [{ ...login, expires_at: 1010 }] });
  const ask = (state, holder) =>
    decide(state, { type: "claim", entry: "a", secret: "old", holder }, 1000);

  const start = decide({ pool, call: makeCall("gpt-5", 1000) }, { type: "start" }, 1000);
  const first = ask(start, "first");
  const second = ask({ pool: first.pool, call: makeCall("gpt-5", 1000) }, "second");

  assert.equal(start.action.do, "refresh");
  assert.deepEqual(first.action, { do: "exchange", entry: "a" });
  assert.deepEqual(second.action, { do: "await", entry: "a", until: 1060 });
});

test("every pattern of the data compiles, in both of the language's modes", () => {
  const hints = JSON.parse(readFileSync(new URL("hints.json", DATA), "utf8"));
  const schemas = readdirSync(DATA).filter((name) => name.endsWith(".schema.json"));
  const written = schemas.flatMap((name) => patternsOf(JSON.parse(readFileSync(new URL(name, DATA), "utf8"))));
  const { term, moment } = hints.grammar;
  const texts = [term, moment, ...hints.rows.flatMap(({ pattern }) => pattern ?? [])];

  assert.ok(texts.length >= 3 && written.length >= 20);
  for (const pattern of [...texts, ...written]) {
    assert.doesNotThrow(() => [new RegExp(pattern), new RegExp(pattern, "u")], pattern);
  }
});

function patternsOf(schema) {
  if (typeof schema !== "object" || schema === null) return [];
  const own = typeof schema.pattern === "string" ? [schema.pattern] : [];
  return [...own, ...Object.values(schema).flatMap(patternsOf)];
}
