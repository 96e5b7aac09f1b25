// A testee around a pool in TypeScript, of Node's own library alone: put your pool where the naive one is.
// Node 22.18 or newer runs it as it is; for an older one, `tsc` makes a `testee.mjs`.
//
//   credpool-conformance template --of typescript > testee.mts
//   credpool-conformance run --testee "node testee.mts" --requirement reply.unchanged
//
// Passes: reply.unchanged, request.redirect, recover.whole-body, recover.stream.no-retry, select.default
// Next: recover.*, classify.*, cooldown.*, select.*, exhaust.*, pool.*, request.*, security.*
// The protocol is one page: `credpool-conformance protocol`.
import { request as send, type IncomingMessage } from "node:http";
import { createInterface } from "node:readline";

// Who is tested: the smallest profile. Declare more when your pool has it: what is declared is checked.
const HELLO = {
  name: "my-pool", version: "0.1.0", language: "TypeScript", protocol: 1, spec: "1.0-draft",
  features: [], clock: "virtual", providers: [], strategies: [], credentials: ["api_key"], policy: [], tells: [],
};

type Entry = { id: string; secret: string; priority: number; base_url: string | null };
type Attempt = { entry: string; action: "retry" | "rotate" | "deliver" }; // what was done after the reply
type Request = {
  method: string; path: string; headers: Record<string, string>; body: unknown; stream: boolean;
};
type Wait = (until: number) => Promise<number>; // the moment at which the call goes on

/** YOUR POOL GOES HERE. This one uses its first key alone, and tries a 429 again once. */
class Pool {
  base: string;
  entries: Entry[];

  constructor(told: { base_url: string; entries: Entry[] }) {
    this.base = told.base_url;
    this.entries = told.entries.sort((one, other) => one.priority - other.priority);
  }

  /** Make a call; null: every entry is out. Never sleep: the suite waits, and says when to go on. */
  async call(request: Request, now: number, wait: Wait, attempts: Attempt[]): Promise<IncomingMessage | null> {
    const entry = this.entries[0];
    let reply = await this.send(entry, request);
    if (reply.statusCode === 429) {
      reply.destroy();
      attempts.push({ entry: entry.id, action: "retry" });
      const hint = Number(reply.headers["retry-after"] ?? 0);
      if (hint > 0 && hint <= 10) now = await wait(now + hint);
      reply = await this.send(entry, request);
    }
    attempts.push({ entry: entry.id, action: "deliver" });
    return reply;
  }

  /** Send one request. The suite is the provider: this is real HTTP, to this machine. */
  send(entry: Entry, { method, path, headers, body }: Request): Promise<IncomingMessage> {
    const own = { ...headers, authorization: `Bearer ${entry.secret}` };
    return new Promise((resolve, reject) => {
      const sent = send((entry.base_url ?? this.base) + path, { method, headers: own }, resolve);
      sent.on("error", reject).end(JSON.stringify(body));
    });
  }

  /** Changes nothing. A status is ok, exhausted or dead. */
  inspect(now: number) {
    return { entries: this.entries.map(({ id }) => ({ id, status: "ok" })) };
  }
}

// From here on it is the protocol, and nothing to change.
type Message = {
  cmd: string; seq: number; now: number; call: string; request: Request;
  pool: { base_url: string; entries: Entry[] };
};
let pool = new Pool({ base_url: "", entries: [] });
let resumed = new Map<string, (next: Message) => void>(); // by the name of a call, who waits for `resume`

/** Write one reply, one line. Nothing else may go to standard output, and no secret anywhere. */
function answer(seq: number, kind: string, content: unknown) {
  process.stdout.write(`${JSON.stringify({ seq, [kind]: content })}\n`);
}

/** Make a call beside others; after a `wait` or a first part, it answers to the `resume`. */
async function run({ seq, now, call, request }: Message) {
  const attempts: Attempt[] = [];
  const next = async () => {
    const message = await new Promise<Message>((resolve) => resumed.set(call, resolve));
    seq = message.seq;
    return message.now;
  };
  const wait: Wait = (until) => {
    answer(seq, "wait", { until, why: "retry" });
    return next();
  };
  try {
    const reply = await pool.call(request, now, wait, attempts);
    if (reply === null) return answer(seq, "result", { outcome: "exhausted", attempts });
    const parts = reply[Symbol.asyncIterator]();
    const result = { status: reply.statusCode, headers: flat(reply), attempts, body: "" };
    if (request.stream && (reply.statusCode ?? 0) < 300) {
      result.body = String((await parts.next()).value ?? "");
      answer(seq, "result", { ...result, outcome: "streaming" });
      await next(); // the caller has the first bytes, and asks for the rest
    }
    const rest: Buffer[] = [];
    for (let part = await parts.next(); !part.done; part = await parts.next()) rest.push(part.value);
    answer(seq, "result", { ...result, outcome: "delivered", body: result.body + Buffer.concat(rest) });
  } catch { // no reply; the text of the error may hold a secret
    answer(seq, "result", { outcome: "failed", attempts });
  }
}

/** The headers of a reply, each in one line. */
function flat({ headers }: IncomingMessage) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(", ")]));
}

for await (const line of createInterface({ input: process.stdin })) {
  const message: Message = JSON.parse(line);
  switch (message.cmd) {
    case "hello":
      answer(message.seq, "hello", HELLO);
      break;
    case "configure": // a new pool; answer `refused` when yours refuses the configuration
      [pool, resumed] = [new Pool(message.pool), new Map()];
      answer(message.seq, "ok", true);
      break;
    case "call":
      void run(message);
      break;
    case "resume":
      resumed.get(message.call)?.(message);
      break;
    case "inspect":
      answer(message.seq, "pool", pool.inspect(message.now));
      break;
    default: // `restart`: forget what is not durable, read the rest again; `stop`
      answer(message.seq, "ok", true);
  }
}
