/**
 * The course of one call: what is to be sent, refreshed and waited for, one step after another
 * (spec: classification, recovery, oauth).
 *
 * Pure: a generator that yields each step and takes what came of it, so anything can perform it:
 * `calls.mjs` over real HTTP, a page of the site with replies that its reader has chosen.
 * `world` gives the pool, the tables, the time and the dice.
 */
import { matchingRule, scopesOf, terminalCodes, verdictOf } from "./classify.mjs";
import { decimal } from "./forms.mjs";
import { readHint } from "./hints.mjs";
import { ownerNamed } from "./owners.mjs";
import { outFor } from "./pool.mjs";
import { readReply } from "./reply.mjs";
import { decide, makeCall } from "./rules.mjs";
import { bare, isSendable } from "./usable.mjs";

const MODEL_IN_PATH = /\/models\/(?<a>[^/:?]+)(?:[:?]|$)|\/model\/(?<b>[^/?]+)\/(?:converse|invoke)/;

export class Course {
  constructor(world, model, holder) {
    this.world = world;
    this.memory = makeCall(model, world.now);
    this.holder = holder;
  }

  /**
   * Yield `wait` (until a time), `send` (with an entry) and `exchange` (its refresh token);
   * return the action that ends the call.
   * What came of `send` is a reply, or null for none; of `exchange` a reply or `{unanswered}`.
   */
  *run() {
    let action = this.decide({ type: "start" });
    for (;;) {
      if (action.until > this.world.now) action = yield* this.#pause(action);
      else if (action.do === "send") action = yield* this.#attempt(action);
      else if (action.do === "refresh") action = yield* this.#refresh(action.entry);
      else return action;
    }
  }

  /** Note that a request has left with an entry's secret. */
  sent(id) {
    this.decide({ type: "sent", entry: id });
  }

  decide(event) {
    const { world } = this;
    const state = { pool: world.follow(), call: this.memory };
    const { pool, call, action } = decide(state, event, world.now, world.draw());
    if (action?.drew) world.drawn();
    world.keep(pool);
    this.memory = call;
    return action;
  }

  /** Wait for the time of a retry, and look again. spec: recover.look-again+1 */
  *#pause({ entry: id, until }) {
    const about = this.#about(id);
    yield { do: "wait", until, why: "retry" };
    return this.decide({ type: "resumed", ...about });
  }

  /** What an entry is like before a wait. */
  #about(id) {
    const { world, memory } = this;
    const { secret, ...entry } = world.entry(id);
    return { entry: id, secret, known: outFor(entry, memory.model, world.now) };
  }

  *#attempt({ entry: id }) {
    const entry = this.world.entry(id);
    const reply = yield { do: "send", entry };
    return this.decide(reply ? this.#eventOf(entry, reply) : { type: "silence", entry: id });
  }

  #eventOf(entry, reply) {
    const about = { entry: entry.id, secret: entry.secret }; // spec: pool.attribution+2
    const { tables, provider } = this.world;
    const verdict = reply.status < 400 ? null : judge(this.world, entry, reply);
    const scopes = this.memory.probing ? scopesOf(tables.providers, provider) : {};
    const elsewhere = reply.foreign || (reply.status >= 300 && !verdict); // and no success either
    const type = elsewhere ? "foreign" : verdict ? "failure" : "success";
    const owner = reply.foreign ? null : ownerNamed(this.world.known, reply.headers);
    const told = reply.foreign ? null : (verdict?.class ?? "ok"); // a stranger is no provider
    return { type, ...about, owner, verdict, scopes, class: told };
  }

  /** Refresh a login, or wait for the call that does. spec: oauth.single-flight+2 */
  *#refresh(id) {
    const about = { ...this.#about(id), holder: this.holder, verdict: this.#expired() };
    const began = this.world.now;
    let since = null;
    for (;;) {
      const action = this.decide({ type: "claim", ...about, since });
      if (action.do === "exchange") this.decide({ ...about, ...(yield* this.#exchange(id)) });
      else if (action.do !== "await") return action;
      else {
        since = began;
        yield { do: "wait", until: action.until, why: "claim" };
      }
    }
  }

  /** What a refresh that failed means. */
  #expired() {
    const row = this.world.tables.rows.find(({ class: name }) => name === "auth_expired");
    return { ...row, hint: null };
  }

  *#exchange(id) {
    const entry = this.world.entry(id);
    const { secret, refresh_token: spent } = entry;
    const reply = yield { do: "exchange", entry };
    if (reply.status === undefined) return { type: "refresh_failed", secret, terminal: false, ...reply };
    return { secret, spent, ...outcome(this.world, reply) };
  }
}

/** The model that a request names, in its body or in its path, or null. */
export function modelOf({ path, body }) {
  const named = path.match(MODEL_IN_PATH)?.groups;
  const asked = body?.model;
  return typeof asked === "string" ? asked : (named?.a ?? named?.b ?? null);
}

/** What a failing reply to an entry means. */
export function judge({ tables, provider, now }, entry, { status, headers, text, whole }) {
  const reply = readReply({ status, headers, text, whole });
  const rule = matchingRule(tables.providers, provider, reply, entry);
  const verdict = verdictOf(rule, tables.rows, entry);
  const { zone } = tables.providers[provider] ?? {};
  const hint = verdict.readsHint ? readHint(tables.hints, rule.hint, reply, now, zone) : null;
  return { ...verdict, hint, code: status, rule: rule.name };
}

/**
 * What the reply of a token endpoint means.
 * spec: recover.auth-expired.terminal+4, oauth.expires-in+2
 * spec: oauth.reply.no-token+2, oauth.refusal.hint+2
 */
function outcome({ tables, provider, now }, reply) {
  const terminal = terminalCodes(tables.providers, provider);
  const transient = reply.status === 429 || reply.status >= 500;
  const gone = readReply(reply).codes.some((code) => terminal.includes(code));
  // spec: oauth.reply.no-token+2
  const { access_token: secret, refresh_token, expires_in } = parsed(reply.text);
  if (reply.status !== 200 || typeof secret !== "string" || !isSendable(bare(secret))) {
    return { type: "refresh_failed", terminal: gone && !transient, hint: patience(tables, reply, now) };
  }
  const lasts = decimal(expires_in); // some write it as a text
  const expires_at = lasts === null ? null : now + lasts;
  return { type: "refreshed", grant: { secret: bare(secret), refresh_token, expires_at } };
}

/** For how long a token endpoint asks to be left alone. spec: oauth.refusal.hint+2 */
function patience(tables, reply, now) {
  return reply.status < 400 ? null : readHint(tables.hints, undefined, readReply(reply), now);
}

/** A token reply's fields; of what is not an object there are none. */
function parsed(text) {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
