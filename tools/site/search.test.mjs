// Asks the built site's own search what readers ask: the right page comes first.
//
//     node --test tools/site/search.test.mjs [with SITE=the folder of the site]
//
// The search is the theme's worker, run as the browser runs it, on the index that the site serves.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { createContext, runInContext } from "node:vm";

const SITE = process.env.SITE ?? "site";
const WORKERS = join(SITE, "assets", "javascripts", "workers");
const [SETUP, QUERY, RESULT] = [0, 2, 3];

const QUESTIONS = {
  "what happens on a second 429": ["guide/credential-pools/", "spec/recovery/", "spec/at-a-glance/"],
  "who pays for claude": ["reference/providers/anthropic/", "spec/billing/"],
  "fields of auth.json": ["reference/auth-json/"],
  "test a go implementation": ["conformance/write-a-pool/", "conformance/run/"],
  langchain: ["guide/use-it-with/"],
  "gunicorn fork": ["guide/deploy/"],
  redis: ["guide/stores/", "guide/deploy/"],
  "retry-after": ["spec/cooldowns/"],
  "openrouter 402": ["reference/providers/openrouter/"],
  "add a key": ["guide/credential-pools/", "quickstart/", "reference/cli/"],
  exhausted: ["spec/exhaustion/", "guide/fallback-providers/"],
  usage_limit_reached: ["reference/providers/chatgpt/", "spec/recovery/", "spec/classification/"],
};

let ask;

before(async () => {
  const name = readdirSync(WORKERS).find((file) => /^search\..*\.js$/.test(file));
  const waiting = [];
  let listener;
  const world = {
    console,
    addEventListener: (_, heard) => (listener = heard),
    postMessage: (message) => waiting.shift()(message),
  };
  world.self = world;
  runInContext(readFileSync(join(WORKERS, name), "utf8"), createContext(world));
  const send = (type, data) =>
    new Promise((resolve) => {
      waiting.push(resolve);
      listener({ data: { type, data } });
    });
  const index = JSON.parse(readFileSync(join(SITE, "search", "search_index.json"), "utf8"));
  await send(SETUP, { ...index, options: { suggest: true } });
  ask = async (question) => {
    const answer = await send(QUERY, question);
    assert.equal(answer.type, RESULT);
    return answer.data.items.map(([first]) => first.location.split("#")[0]);
  };
});

for (const [question, right] of Object.entries(QUESTIONS)) {
  test(`"${question}" finds ${right[0]} first`, async () => {
    const pages = await ask(question);

    assert.ok(right.includes(pages[0]), `it finds ${pages.slice(0, 5).join(", ")}`);
  });
}

test("no list that a program wrote is among the answers", async () => {
  for (const question of Object.keys(QUESTIONS)) {
    const drowned = (await ask(question)).filter((page) =>
      /scenarios|mutants|conformance\/report/.test(page),
    );
    assert.equal(drowned.join(), "");
  }
});
