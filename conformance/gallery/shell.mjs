// The protocol's side of an adapter in JavaScript: lines in, lines out, and the suite's clock.
// It knows no pool.  `Date.now` gives the suite's time; nothing else of a product is changed.
import readline from "node:readline";

let now = 0;
const resumed = new Map();
const write = process.stdout.write.bind(process.stdout);
const say = (seq, kind, content) => write(JSON.stringify({ seq, [kind]: content }) + "\n");
Date.now = () => Math.round(now * 1000);
console.log = console.info = console.error; // what a product prints is no message

export const seconds = () => now;

/** Write what `inspect` answers: when nothing is available, the pool returns with its first entry. */
function listed(states) {
  const moments = states.map((state) => state.until).filter((moment) => moment !== null);
  const out = moments.length > 0 && states.every((state) => state.status !== "ok");
  return { entries: states, returns_at: out ? Math.min(...moments) : null };
}

/** One call under way: it can wait, and tell how it ended. */
class Call {
  constructor(seq, name, request) {
    Object.assign(this, { seq, name, request });
  }

  async wait(delay) {
    say(this.seq, "wait", { until: now + delay, why: "retry" });
    this.seq = await new Promise((go) => resumed.set(this.name, go));
  }

  tell(outcome, result) {
    say(this.seq, "result", { attempts: [], ...result, outcome });
  }

  exhausted(states) {
    const entries = Object.fromEntries(states.map(({ id, until }) => [id, { class: null, until }]));
    this.tell("exhausted", { exhausted: { returns_at: listed(states).returns_at, entries } });
  }
}

async function answer(adapter, { seq, cmd, ...message }) {
  now = message.now ?? now;
  if (cmd === "hello") return say(seq, "hello", adapter.hello);
  if (cmd === "resume") return resumed.get(message.call)(seq);
  if (cmd === "inspect") return say(seq, "pool", listed(adapter.states()));
  const refused = cmd === "configure" ? await adapter.configure(message.pool) : undefined;
  say(seq, refused ? "refused" : "ok", refused ?? true);
  if (cmd === "stop") process.exit(0);
}

/** Take the suite's commands, and pass them on to an adapter. */
export async function serve(adapter) {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const message = JSON.parse(line);
    if (message.cmd === "call") {
      now = message.now;
      const call = new Call(message.seq, message.call, message.request);
      adapter.call(call).catch((error) => call.tell("raised", { error: error.name, body: error.message }));
    } else await answer(adapter, message).catch((error) => say(message.seq, "error", String(error)));
  }
}
