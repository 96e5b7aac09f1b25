/**
 * One call over real HTTP: it performs each step of `course.mjs` (spec: recovery, exhaustion).
 *
 * Every decision is made in one step, without waiting in between, so calls can overlap.
 * It holds no rule of its own.
 */
import { Refused } from "./codec.mjs";
import { Course, modelOf } from "./course.mjs";
import {
  beginningOf, callerHeaders, credentialHeaders, credentialOf, endpoint, postForm, send,
  withoutCredential,
} from "./wire.mjs";

const UNSENT = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ERR_INVALID_URL"];

let serial = 0;

/** `world` gives the pool, the tables, the time and the dice; `talk` is the suite. */
export class Call {
  constructor(world, request, talk) {
    this.world = world;
    this.request = request;
    this.talk = talk;
    const holder = `${world.name}-${(serial += 1)}`; // a claim outlives its call
    this.course = new Course(world, modelOf(request), holder);
    this.last = null; // the last reply that the provider sent
  }

  /** Perform steps until the call ends, or the store refuses what it has learnt. */
  async run() {
    try {
      await this.#run();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.fail(error); // spec: store.loud+2
    }
  }

  async #run() {
    const steps = this.course.run();
    let step = steps.next();
    while (!step.done) step = steps.next(await this[step.value.do](step.value));
    return this.end(step.value);
  }

  wait({ until, why }) {
    return this.talk.wait(until, why);
  }

  /** Send the request with an entry; null if there is no reply. */
  async send({ entry }) {
    let reply = null;
    try {
      reply = await this.#send(entry);
      if (reply.status >= 400) reply = { ...reply, ...(await beginningOf(reply.stream)) };
    } catch (error) {
      this.error = error;
      return null;
    }
    this.last?.stream.destroy(); // nobody reads on in a reply that another one follows
    this.last = reply;
    return reply;
  }

  #send(entry) {
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
      onSent: () => this.course.sent(entry.id),
    });
  }

  /** Post a login's refresh token. */
  async exchange({ entry: { refresh_token: token, token_url: url } }) {
    const { world } = this;
    try {
      const form = { grant_type: "refresh_token", refresh_token: token };
      return await postForm(url ?? world.tokenUrl, form, world.signal);
    } catch (error) {
      return { unanswered: !UNSENT.includes(error.code) }; // spec: oauth.claim.unanswered+1
    }
  }

  end(action) {
    const { attempts } = this.course.memory;
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
    const { attempts } = this.course.memory;
    this.talk.result({ outcome: "failed", body: this.world.redact(error.message), attempts });
  }
}
