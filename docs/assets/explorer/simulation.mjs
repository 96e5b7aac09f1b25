/**
 * A pool at work in virtual time: replies that somebody has chosen, calls, and a clock.
 *
 * Pure: the same setup and steps give the same run, so undo is a run of one step less. The rules
 * are those of `pool/`; here is only what stands around them, the provider and the clock.
 */
import { Course } from "./pool/course.mjs";
import { look, makePool } from "./pool/pool.mjs";
import { exampleNamed, replyOf } from "./examples.mjs";
import { refusalIn } from "./in-band.mjs";
import { told } from "./steps.mjs";

export const START = Date.UTC(2026, 5, 1, 9) / 1000; // a Monday
export const MODEL = "large";
const HOUR = 3600;
const OK = { status: 200, headers: {}, text: "" };
const GRANTED = "token-ok";

/** What a token endpoint can answer; the first is what it answers when nothing is scripted. */
export const TOKEN_REPLIES = {
  [GRANTED]: null,
  "token-gone": { status: 400, headers: {}, text: '{"error": "invalid_grant"}' },
  "token-busy": { status: 503, headers: {}, text: "" },
};

/** What any entry can be answered beside the examples of the registry. */
export const PLAIN_REPLIES = { ok: OK, silence: null };

/** Play the steps, and return the run: the pool, the time, what was told, and the columns. */
export function play(tables, setup) {
  const run = new Run(tables, setup);
  for (const [name, ...rest] of setup.steps) run.step(name, rest);
  return run;
}

class Run {
  calls = [];
  columns = [];
  lines = [];
  scripts = new Map();
  tokens = new Map();
  toldAt = new Map();
  serial = 0;
  previous = null;

  constructor(tables, setup) {
    const { provider, strategy, first, entries } = setup;
    this.setup = setup;
    this.world = new World(tables, provider, START);
    const policy = { first_429: first };
    const rows = entries.map((entry) => rowOf(entry, START));
    this.world.pool = makePool({ provider, strategy, policy, entries: rows });
    this.snapshot("start", null, {});
  }

  get now() {
    return this.world.now;
  }

  step(name, [about, ...rest]) {
    if (name === "send") this.send(about ?? MODEL);
    else if (name === "wait") this.wait(about);
    else if (!this.world.entry(about)) return; // it was removed since
    else if (name === "reply") this.script(about, rest[0]);
    else if (name === "drop") this.drop(about, Number(rest[0]));
    else if (name === "revive") this.revive(about);
  }

  /** The replies that an entry still has before it. */
  scriptOf(id) {
    return [...(this.scripts.get(id) ?? []), ...(this.tokens.get(id) ?? [])];
  }

  script(id, name) {
    if (Object.hasOwn(PLAIN_REPLIES, name) || exampleNamed(this.world.tables.providers, name)) {
      this.scripts.set(id, [...(this.scripts.get(id) ?? []), name]);
    } else if (Object.hasOwn(TOKEN_REPLIES, name)) this.tokens.set(id, [...(this.tokens.get(id) ?? []), name]);
  }

  drop(id, index) {
    const requests = this.scripts.get(id) ?? [];
    const [list, place] = index < requests.length ? [requests, index] : [this.tokens.get(id) ?? [], index - requests.length];
    list.splice(place, 1);
  }

  /** Move the clock; say who has come back. */
  wait(seconds) {
    const before = statesOf(this.world.pool, this.now);
    this.world.now += seconds;
    this.note(told.clock(seconds));
    for (const [id, { state }] of Object.entries(statesOf(this.world.pool, this.now))) {
      if (state === "available" && before[id].state === "cooling") this.note(told.returned(id));
    }
    this.snapshot("clock", null, { seconds });
  }

  /** A person logs in again, or gives a new key: the entry is as if it had never been refused. */
  revive(id) {
    const entry = this.world.entry(id);
    const fresh = { marked: false, cooldown: null, models: {}, probed_at: null, claim: null };
    const secret = this.newSecret(id);
    Object.assign(entry, fresh, { secret, refresh_failed_at: null });
    if (entry.refresh_token !== null) {
      Object.assign(entry, { refresh_token: `grant-${secret}`, expires_at: this.now + HOUR });
    }
    this.note(told.revived(entry));
    this.snapshot("revive", id, {});
  }

  send(model) {
    this.calls.push({ model, at: this.now, outcome: null });
    const course = new Recorded(this, model);
    const steps = course.run();
    let step = steps.next();
    while (!step.done) step = steps.next(this.perform(course, step.value));
    const { outcome, line } = told.end(step.value, this.lastReply, this.now);
    if (line) this.note(line);
    if (step.value.do === "exhausted") this.snapshot("nothing", null, {});
    this.calls.at(-1).outcome = outcome;
    this.lastReply = null;
  }

  perform(course, { do: name, entry, until, why }) {
    if (name === "send") return this.answer(course, entry);
    if (name === "exchange") return this.exchange(entry);
    const seconds = until - this.now;
    this.world.now = until;
    this.note(told.waits(seconds, why));
    this.snapshot("wait", null, { seconds });
    return undefined;
  }

  /** What the provider answers: the entry's next scripted reply, or a success. */
  answer(course, { id, auth_type: type }) {
    course.sent(id);
    const name = this.scripts.get(id)?.shift() ?? "ok";
    this.lastReply = { entry: id, name, ...this.replyNamed(name, type) };
    return name === "silence" ? null : this.lastReply;
  }

  replyNamed(name) {
    if (Object.hasOwn(PLAIN_REPLIES, name)) return PLAIN_REPLIES[name] ?? { status: null };
    const { tables, provider } = this.world;
    const reply = replyOf(exampleNamed(tables.providers, name), this.now);
    const inside = reply.status < 400 ? refusalIn(reply, tables.providers, provider, tables.in_band) : null;
    return { ...(inside ?? reply), whole: true };
  }

  exchange({ id }) {
    const name = this.tokens.get(id)?.shift() ?? GRANTED;
    this.lastToken = name;
    if (name !== GRANTED) return TOKEN_REPLIES[name];
    const secret = this.newSecret(id);
    const grant = { access_token: secret, refresh_token: `grant-${secret}`, expires_in: HOUR };
    return { status: 200, headers: {}, text: JSON.stringify(grant) };
  }

  /** The payer before, when it changes and nobody was told so in the last hour; else null. */
  paid(id) {
    const [from, to] = [this.previous, id].map((one) => this.world.entry(one)?.payer);
    const [pair, last] = [`${from} ${to}`, this.toldAt.get(`${from} ${to}`)];
    if (from === undefined || from === to || this.now - last < HOUR) return null;
    this.toldAt.set(pair, this.now);
    return { from, to };
  }

  newSecret(id) {
    return `key-${id}-${(this.serial += 1)}`;
  }

  note(...lines) {
    const call = this.calls.length > 0 && this.calls.at(-1).outcome === null ? this.calls.length : null;
    for (const line of lines.flat()) this.lines.push({ at: this.now, call, ...line });
  }

  /** Keep a column of the timeline: what happened, and how each entry is afterwards. */
  snapshot(kind, entry, more) {
    const call = this.calls.length > 0 && this.calls.at(-1).outcome === null ? this.calls.length : null;
    const states = statesOf(this.world.pool, this.now);
    const ends = Object.values(states).flatMap(({ until }) => until ?? []);
    const next = ends.length > 0 ? Math.min(...ends) : null;
    this.columns.push({ kind, entry, call, at: this.now, states, next, ...more });
  }
}

/** A course whose decisions are told as they are made. */
class Recorded extends Course {
  constructor(run, model) {
    super(run.world, model, `call-${run.calls.length}`);
    this.run_ = run;
  }

  decide(event) {
    const { run_: run, world } = this;
    const before = world.pool;
    const action = super.decide(event);
    const record = { event, action, before, after: world.pool, call: this.memory, now: world.now };
    const around = { reply: run.lastReply, tables: world.tables, paid: (to) => run.paid(to) };
    run.note(told.decision(record, around, run.setup));
    if (event.entry && ["success", "failure", "silence", "foreign"].includes(event.type)) {
      run.previous = event.entry;
      const { class: name = event.class, rule = null } = event.verdict ?? {};
      run.snapshot("attempt", event.entry, { status: run.lastReply?.status ?? null, class: name, rule });
    }
    if (["refreshed", "refresh_failed"].includes(event.type)) {
      const tone = event.type === "refreshed" ? "refreshed" : event.terminal ? "dead" : "cooling";
      run.snapshot("refresh", event.entry, { tone });
    }
    return action;
  }
}

/** The pool in memory, and chance that is the same in each run. */
class World {
  #draws = 0;

  constructor(tables, provider, now) {
    Object.assign(this, { tables, provider, now, pool: null });
  }

  get known() {
    return this.tables.providers[this.provider] ?? this.tables.providers.generic;
  }

  follow() {
    return this.pool;
  }

  keep(pool) {
    this.pool = pool;
  }

  draw() {
    return (this.#draws * 0.618034 + 0.3) % 1;
  }

  drawn() {
    this.#draws += 1;
  }

  entry(id) {
    return this.pool.entries.find((entry) => entry.id === id);
  }
}

/** How each entry is: available, cooling (all of it, or for a model) or dead. */
function statesOf(pool, now) {
  const { entries } = look(pool, now);
  return Object.fromEntries(entries.map((entry) => [entry.id, stateOf(entry)]));
}

function stateOf({ status, class: name, until, models, request_count: count }) {
  if (status === "dead") return { state: "dead", class: name, until: null, model: null, count };
  if (status === "exhausted") return { state: "cooling", class: name, until, model: null, count };
  const [first] = Object.entries(models);
  if (!first) return { state: "available", class: null, until: null, model: null, count };
  const [model, out] = first;
  const state = out.until === null ? "dead" : "cooling";
  return { state, ...out, model, count };
}

function rowOf({ id, label, payer, priority, owner, type }, now) {
  const login = type === "oauth";
  return {
    id, label, payer, priority, owner: owner || null, auth_type: type,
    secret: `key-${id}`,
    refresh_token: login ? `grant-${id}` : null,
    expires_at: login ? now + HOUR : null,
  };
}
