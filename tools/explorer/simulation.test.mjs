/** The Explorer's simulation: what is told of a run, and what its address keeps. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { pastedAddress, pastedAt, simulationAddress, simulationAt } from "../../docs/assets/explorer/address.mjs";
import { play } from "../../docs/assets/explorer/simulation.mjs";

const DATA = new URL("../../docs/assets/explorer/data/", import.meta.url);
const read = (name) => JSON.parse(readFileSync(new URL(`${name}.json`, DATA), "utf8"));
const tables = read("tables");
tables.providers = Object.fromEntries(Object.keys(tables.providers).map((name) => [name, read(name)]));
const KEY = { payer: "metered", owner: "", type: "api_key" };
const TWO = [
  { ...KEY, id: "a", label: "work", priority: 0 },
  { ...KEY, id: "b", label: "home", priority: 1 },
];
const SETUP = { provider: "openai", strategy: "fill_first", first: "retry", entries: TWO };
const LIMIT = "openai/rate-limit";

function run(steps, more = {}) {
  return play(tables, { ...SETUP, ...more, steps });
}

function attempts({ columns }) {
  return columns.filter(({ kind }) => kind === "attempt").map(({ entry, status }) => `${entry} ${status}`);
}

function cited({ lines }) {
  return lines.map(({ requirement }) => requirement).filter(Boolean);
}

test("a second 429 in a row rotates, and the entry returns when its cooldown ends", () => {
  const found = run([
    ["reply", "a", "generic/rate-limit"], ["reply", "a", "generic/rate-limit"],
    ["send"], ["wait", 3600], ["send"],
  ]);

  assert.deepEqual(attempts(found), ["a 429", "a 429", "b 200", "a 200"]);
  assert.deepEqual(found.calls.map(({ outcome }) => outcome), ["delivered 200", "delivered 200"]);
  for (const id of [
    "recover.rate-limited.retry-once", "recover.rate-limited.rotate-second", "cooldown.default", "cooldown.end",
  ]) assert.ok(cited(found).includes(id), id);
});

test("a login that is refused is refreshed and asked again; a grant that is gone is dead until a login", () => {
  const entries = [{ ...TWO[0], type: "oauth" }, TWO[1]];
  const expired = Object.entries(tables.providers).flatMap(([owner, { rules }]) =>
    rules.filter((rule) => rule.class === "auth_expired").map((rule) => `${owner}/${rule.id}`))[0];
  const [provider] = expired.split("/");
  const refreshed = run([["reply", "a", expired], ["send"]], { entries, provider });
  const gone = run(
    [["reply", "a", expired], ["reply", "a", "token-gone"], ["send"], ["wait", 86400], ["send"], ["revive", "a"], ["send"]],
    { entries, provider },
  );

  assert.deepEqual(attempts(refreshed).map((one) => one[0]), ["a", "a"]);
  assert.ok(cited(refreshed).includes("oauth.refresh-token.replaced"));
  assert.deepEqual(attempts(gone).map((one) => one[0]), ["a", "b", "b", "a"]);
  assert.ok(cited(gone).includes("recover.auth-expired.terminal"));
});

test("a limit of one model leaves the other models alone, and the entry is shown as out", () => {
  const limit = "chatgpt/model-family-limit";
  const found = run([["reply", "a", limit], ["send"], ["send"], ["send", "small"]], { provider: "chatgpt" });
  const { state, until, model } = found.columns.at(-1).states.a;

  assert.deepEqual(attempts(found), ["a 429", "b 200", "b 200", "a 200"]);
  assert.deepEqual([state, model, until > found.now], ["cooling", "large", true]);
});

test("entries of one owner go out together, and an exhausted pool sends nothing", () => {
  const entries = TWO.map((entry) => ({ ...entry, owner: "acme" }));
  const name = tables.providers.openai.rules.find((rule) => rule.class === "out_of_credit");
  const found = run([["reply", "a", `openai/${name.id}`], ["send"], ["send"]], { entries });

  assert.deepEqual(attempts(found), [`a ${name.example.status}`]);
  assert.deepEqual(found.calls.map(({ outcome }) => outcome), [`delivered ${name.example.status}`, "exhausted"]);
  for (const id of ["pool.same-owner", "exhaust.last-reply", "exhaust.nothing-sent"]) {
    assert.ok(cited(found).includes(id), id);
  }
});

test("every example of every provider can be played, on a key and on a login", () => {
  for (const provider of Object.keys(tables.providers)) {
    for (const type of ["api_key", "oauth"]) {
      const entries = TWO.map((entry) => ({ ...entry, type }));
      for (const { id } of tables.providers[provider].rules) {
        const name = `${provider}/${id}`;
        const steps = [["reply", "a", name], ["reply", "a", name], ["send"], ["wait", 60], ["send"]];
        const { calls, lines } = run(steps, { provider, entries });
        assert.ok(calls.every(({ outcome }) => outcome !== null), name);
        for (const { call, text, requirement } of lines) {
          const known = Object.hasOwn(tables.requirements, requirement ?? "");
          assert.ok(known || (call === null && requirement === null), `${name}: ${text}`);
        }
      }
    }
  }
});

test("the same steps give the same run, and one step less is undo", () => {
  const steps = [["reply", "a", LIMIT], ["send"], ["send"], ["wait", 61]];
  const once = run(steps, { strategy: "random" });

  assert.deepEqual(run(steps, { strategy: "random" }).lines, once.lines);
  assert.equal(once.now - run(steps.slice(0, -1), { strategy: "random" }).now, 61);
});

test("an address keeps the whole of a simulation", () => {
  const steps = [["reply", "a", LIMIT], ["drop", "a", "0"], ["send", "a,b:c&d"], ["wait", 90], ["revive", "b"]];
  const entries = [{ ...TWO[0], label: "a, b: c&d=100% #é", owner: "x:y,z" }, TWO[1]];
  const state = { ...SETUP, first: "rotate", entries, steps };
  const address = simulationAddress(state);

  assert.match(address, /^simulate\?[\x21-\x7e]+$/);
  assert.deepEqual(simulationAt(address.slice("simulate?".length)), state);
});

test("an address that somebody has broken does no harm", () => {
  for (const query of ["", "entry=a", "entry=,,", "do=send,send:%,reply,wait:x,nothing:a", "do=reply:a:toString,reply:a:__proto__/x,reply:a:constructor/y,drop:a:9,drop:a:x,revive:__proto__,send", "entry=a,%E0%A4%A,nobody,x,,", "=&&="]) {
    const found = { ...SETUP, ...simulationAt(query) };
    const entries = found.entries.length > 0 ? found.entries : TWO;
    assert.doesNotThrow(() => play(tables, { ...SETUP, entries, steps: found.steps }), query);
  }
  assert.equal(pastedAt("!"), null);
});

test("a pasted reply is kept in an address, whatever it holds", () => {
  const pasted = { provider: "openai", type: "api_key", status: "429", headers: "a: é", body: "{\"漢\": 1}" };

  assert.deepEqual(pastedAt(pastedAddress(pasted).slice("explain?".length)), pasted);
});
