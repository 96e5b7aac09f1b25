/**
 * One call through the pool: it performs what `rules.mjs` decides (spec: recovery, exhaustion).
 *
 * Every decision is made in one step, without waiting in between, so calls can overlap.
 * It holds no rule of its own.
 */
import { Refused } from "./codec.mjs";
import { matchingRule, scopesOf, terminalCodes, verdictOf } from "./classify.mjs";
import { decimal } from "./forms.mjs";
import { readHint } from "./hints.mjs";
import { ownerNamed } from "./owners.mjs";
import { outFor } from "./pool.mjs";
import { readReply } from "./reply.mjs";
import { decide, makeCall } from "./rules.mjs";
import { bare, isSendable } from "./usable.mjs";
import {
  beginningOf, callerHeaders, credentialHeaders, credentialOf, endpoint, postForm, send,
  withoutCredential,
} from "./wire.mjs";

const UNSENT = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ERR_INVALID_URL"];
const MODEL_IN_PATH = /\/models\/(?<a>[^/:?]+)(?:[:?]|$)|\/model\/(?<b>[^/?]+)\/(?:converse|invoke)/;

let serial = 0;

/** `world` gives the pool, the tables, the time and the dice; `talk` is the suite. */
export class Call {
  constructor(world, request, talk) {
    this.world = world;
    this.request = request;
    this.talk = talk;
    const named = request.path.match(MODEL_IN_PATH)?.groups;
    const asked = request.body?.model;
    const model = typeof asked === "string" ? asked : (named?.a ?? named?.b ?? null);
    this.memory = makeCall(model, world.now);
    this.holder = `${world.name}-${(serial += 1)}`; // a claim outlives its call
    this.last = null; // the last reply that the provider sent
  }

  /** Perform actions until one ends the call, or the store refuses what it has learnt. */
  async run() {
    try {
      await this.#run();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.fail(error); // spec: store.loud+2
    }
  }

  async #run() {
    let action = this.decide({ type: "start" });
    for (;;) {
      if (action.until > this.world.now) action = await this.pause(action);
      else if (action.do === "send") action = await this.attempt(action);
      else if (action.do === "refresh") action = await this.refresh(action.entry);
      else return this.end(action);
    }
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
  async pause({ entry: id, until }) {
    const about = this.about(id);
    await this.talk.wait(until);
    return this.decide({ type: "resumed", ...about });
  }

  /** What an entry is like before a wait. */
  about(id) {
    const { world, memory } = this;
    const { secret, ...entry } = world.entry(id);
    return { entry: id, secret, known: outFor(entry, memory.model, world.now) };
  }

  async attempt({ entry: id }) {
    const entry = this.world.entry(id);
    let reply = null;
    try {
      reply = await this.send(entry);
      if (reply.status >= 400) reply = { ...reply, ...(await beginningOf(reply.stream)) };
    } catch (error) {
      this.error = error;
      return this.decide({ type: "silence", entry: id });
    }
    this.last?.stream.destroy(); // nobody reads on in a reply that another one follows
    this.last = reply;
    return this.decide(this.eventOf(entry, reply));
  }

  send(entry) {
    const { tables, provider, baseUrl, signal, known } = this.world;
    const { method, path, headers, body, follow_redirects: follow } = this.request;
    const { extra, account, ...credential } = credentialOf(tables.providers, provider, entry);
    const said = account && entry.claimed_owner ? { [account]: entry.claimed_owner } : {};
    const bare = withoutCredential(endpoint(entry.base_url ?? baseUrl, path), known);
    return send({
      url: bare,
      method,
      // spec: oauth.account-header+1
      headers: { ...callerHeaders(headers, credentialHeaders(tables.providers), extra), ...said },
      body: body === null ? null : JSON.stringify(body),
      credential,
      follow,
      signal,
      onSent: () => this.decide({ type: "sent", entry: entry.id }),
    });
  }

  eventOf(entry, reply) {
    const about = { entry: entry.id, secret: entry.secret }; // spec: pool.attribution+2
    const { tables, provider } = this.world;
    const verdict = reply.status < 400 ? null : this.judge(entry, reply);
    const scopes = this.memory.probing ? scopesOf(tables.providers, provider) : {};
    const elsewhere = reply.foreign || (reply.status >= 300 && !verdict); // and no success either
    const type = elsewhere ? "foreign" : verdict ? "failure" : "success";
    const owner = reply.foreign ? null : ownerNamed(this.world.known, reply.headers);
    const told = reply.foreign ? null : (verdict?.class ?? "ok"); // a stranger is no provider
    return { type, ...about, owner, verdict, scopes, class: told };
  }

  judge(entry, { status, headers, text, whole }) {
    const { tables, provider, now } = this.world;
    const reply = readReply({ status, headers, text, whole });
    const rule = matchingRule(tables.providers, provider, reply, entry);
    const verdict = verdictOf(rule, tables.rows, entry);
    const { zone } = tables.providers[provider] ?? {};
    const hint = verdict.readsHint ? readHint(tables.hints, rule.hint, reply, now, zone) : null;
    return { ...verdict, hint, code: status, rule: rule.name };
  }

  /** Refresh a login, or wait for the call that does. spec: oauth.single-flight+2 */
  async refresh(id) {
    const about = { ...this.about(id), holder: this.holder, verdict: this.expired() };
    const began = this.world.now;
    let since = null;
    for (;;) {
      const action = this.decide({ type: "claim", ...about, since });
      if (action.do === "exchange") this.decide({ ...about, ...(await this.exchange(id)) });
      else if (action.do !== "await") return action;
      else {
        since = began;
        await this.talk.wait(action.until, "claim");
      }
    }
  }

  /** What a refresh that failed means. */
  expired() {
    const row = this.world.tables.rows.find(({ class: name }) => name === "auth_expired");
    return { ...row, hint: null };
  }

  /**
   * spec: recover.auth-expired.terminal+4, oauth.expires-in+2
   * spec: oauth.reply.no-token+2, oauth.refusal.hint+2
   */
  async exchange(id) {
    const { world } = this;
    const { secret: replaced, refresh_token: token, token_url: url } = world.entry(id);
    try {
      const form = { grant_type: "refresh_token", refresh_token: token };
      const reply = await postForm(url ?? world.tokenUrl, form, world.signal);
      const terminal = terminalCodes(world.tables.providers, world.provider);
      const transient = reply.status === 429 || reply.status >= 500;
      const gone = readReply(reply).codes.some((code) => terminal.includes(code));
      // spec: oauth.reply.no-token+2
      const { access_token: secret, refresh_token, expires_in } = parsed(reply.text);
      if (reply.status !== 200 || typeof secret !== "string" || !isSendable(bare(secret))) {
        const forGood = gone && !transient;
        return { type: "refresh_failed", secret: replaced, terminal: forGood, hint: this.patience(reply) };
      }
      const lasts = decimal(expires_in); // some write it as a text
      const expires_at = lasts === null ? null : world.now + lasts;
      const grant = { secret: bare(secret), refresh_token, expires_at };
      return { type: "refreshed", secret: replaced, spent: token, grant };
    } catch (error) {
      const unanswered = !UNSENT.includes(error.code); // spec: oauth.claim.unanswered+1
      return { type: "refresh_failed", secret: replaced, terminal: false, unanswered };
    }
  }

  /** For how long a token endpoint asks to be left alone. spec: oauth.refusal.hint+2 */
  patience(reply) {
    const { tables, now } = this.world;
    return reply.status < 400 ? null : readHint(tables.hints, undefined, readReply(reply), now);
  }

  end(action) {
    const { attempts } = this.memory;
    const { over, ...found } = action.exhausted ?? {};
    const exhausted = action.exhausted ? found : null;
    if (action.do === "fail") return this.fail(this.error);
    if (action.do === "exhausted") {
      return this.talk.result({ outcome: "exhausted", attempts, exhausted });
    }
    const { status, headers, read = [], rest, broken, stream } = this.last;
    const closing = over ? { "x-should-retry": "false" } : {}; // spec: exhaust.no-sdk-retry+3
    const reply = { status, headers: { ...headers, ...closing }, attempts, exhausted };
    if (broken) return this.fail(broken);
    return status < 400 ? this.deliver(stream, reply) : this.deliver(rest ?? [], reply, read);
  }

  /**
   * Hand a reply on, behind what was read of it; only a success is shown before it has ended.
   * spec: recover.stream.not-drained+2, recover.stream.no-retry+1, recover.whole-body+1
   */
  async deliver(stream, reply, read = []) {
    const chunks = [...read];
    const soFar = () => Buffer.concat(chunks).toString("utf8");
    let shown = !this.request.stream || reply.status >= 400;
    try {
      for await (const chunk of stream) {
        chunks.push(chunk);
        if (!shown) await this.talk.pause({ outcome: "streaming", ...reply, body: soFar() });
        shown = true;
      }
    } catch (error) {
      return this.fail(error);
    }
    return this.talk.result({ outcome: "delivered", ...reply, body: soFar() });
  }

  fail(error) {
    const { attempts } = this.memory;
    this.talk.result({ outcome: "failed", body: this.world.redact(error.message), attempts });
  }
}

/** A token reply's fields; of what is not an object there are none. */
function parsed(text) {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
