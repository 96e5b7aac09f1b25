/**
 * The pool behind the testee protocol (conformance/PROTOCOL.md): one JSON object per line.
 *
 * Time and dice are the suite's. `restart` forgets all but what the store has.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

import { Call } from "./calls.mjs";
import { Refused } from "./codec.mjs";
import { ownerClaimed } from "./owners.mjs";
import { look, makePool } from "./pool.mjs";
import { FileStore, MemoryStore } from "./store.mjs";
import { withPauses } from "./usable.mjs";

const DATA = new URL("../../../docs/data/", import.meta.url);
const REGISTRY = table("registry");
const TABLES = {
  providers: REGISTRY.providers,
  rows: table("recovery").rows,
  hints: table("hints"),
};
const MANIFEST = {
  name: "credpool-javascript",
  version: "0.1.0",
  language: "javascript",
  protocol: 1,
  spec: REGISTRY.version,
  features: ["model-scope", "oauth", "owner-scope", "probe", "store", "auth-json"],
  clock: "virtual",
};

let world = null;
let calls = new Map();

const COMMANDS = {
  hello: () => ({ hello: MANIFEST }),
  configure,
  call,
  resume: ({ call: name }, answer) => calls.get(name).resume(answer),
  inspect: ({ now }) => ({ pool: look(world.follow(), now) }),
  restart,
  stop: () => ({ ok: true }),
};

/** What one pool's calls share: the pool, where it lives, the tables, the time and the dice. */
class World {
  #abort = new AbortController();
  #store;
  #empty;
  tables = TABLES;
  name = `${process.pid}`;

  constructor({ pool, randoms, now }) {
    this.provider = pool.provider;
    this.baseUrl = pool.base_url;
    this.tokenUrl = pool.token_url;
    this.randoms = [...randoms];
    this.now = now;
    this.#store = pool.store ? new FileStore(pool.store, pool.provider) : new MemoryStore();
    this.#empty = makePool({ ...pool, entries: [] });
    this.pool = this.#owned(this.#store.load(this.#empty, now));
    if (pool.entries.length > 0) this.keep(this.#owned(makePool(pool)));
  }

  get known() {
    return this.tables.providers[this.provider] ?? this.tables.providers.generic;
  }

  /** The pool, with what another program has changed meanwhile. */
  follow() {
    this.#take(this.#store.follow(this.pool, this.now));
    return this.pool;
  }

  get signal() {
    return this.#abort.signal;
  }

  draw() {
    return this.randoms[0] ?? Math.random();
  }

  drawn() {
    this.randoms.shift();
  }

  /** Everything is hard state here; what may lag does not. */
  keep(pool) {
    this.pool = pool;
    this.#take(this.#store.keep(pool, this.now));
  }

  entry(id) {
    return this.pool.entries.find((entry) => entry.id === id);
  }

  /** spec: security.no-leak+2 */
  redact(text) {
    const secrets = this.pool.entries.flatMap((entry) => [entry.secret, entry.refresh_token]);
    return secrets.filter(Boolean).reduce((clean, secret) => clean.replaceAll(secret, "***"), text);
  }

  restart() {
    this.#take(this.#store.load(this.#empty, this.now));
  }

  leave() {
    this.#abort.abort();
  }

  #take(pool) {
    if (pool !== this.pool) this.pool = this.#owned(pool);
  }

  #owned(pool) {
    const entries = withPauses(pool.entries).map((entry) => ({
      ...entry,
      claimed_owner: ownerClaimed(this.known, entry),
    }));
    return { ...pool, entries };
  }
}

/** The suite as a call sees it; after the pool has gone, nobody listens. */
class Talk {
  #signal = world.signal;
  #answer;
  #goOn = () => {};

  constructor(answer) {
    this.#answer = answer;
  }

  result(result) {
    if (!this.#signal.aborted) this.#answer({ result });
  }

  wait(until, why = "retry") {
    return this.#until({ wait: { until, why } });
  }

  pause(result) {
    return this.#until({ result: { ...result } });
  }

  fail(error) {
    if (!this.#signal.aborted) this.#answer({ error: world.redact(String(error.stack)) });
  }

  resume(answer) {
    this.#answer = answer;
    this.#goOn();
  }

  #until(reply) {
    return new Promise((resolve) => {
      this.#goOn = resolve;
      this.#answer(reply);
    });
  }
}

function configure(message) {
  world?.leave();
  calls = new Map();
  try {
    world = new World(message);
  } catch (error) {
    if (error instanceof Refused) {
      return { refused: { code: error.code, message: error.message } };
    }
    if (!(error instanceof RangeError)) throw error;
    return { refused: { code: "unknown_strategy", message: error.message } };
  }
  return { ok: true };
}

function call({ call: name, request }, answer) {
  const talk = new Talk(answer);
  calls.set(name, talk);
  new Call(world, request, talk).run().catch((error) => talk.fail(error));
}

function restart() {
  world.restart(); // a call that is under way is answered all the same
  return { ok: true };
}

function handle(message) {
  const { seq } = message;
  const answer = (reply) => process.stdout.write(`${JSON.stringify({ seq, ...reply })}\n`);
  if (world && message.now !== undefined) world.now = message.now;
  try {
    const reply = COMMANDS[message.cmd](message, answer);
    if (reply) answer(reply);
  } catch (error) {
    answer({ error: String(error.stack) });
  }
  if (message.cmd === "stop") process.stdin.destroy();
}

function table(name) {
  return JSON.parse(readFileSync(new URL(`${name}.json`, DATA), "utf8"));
}

createInterface({ input: process.stdin }).on("line", (line) => handle(JSON.parse(line)));
