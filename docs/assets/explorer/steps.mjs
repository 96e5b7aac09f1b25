/**
 * What each step of a run says, and the requirement that it follows.
 *
 * Pure. `{a}` in a text stands for the label of entry `a`; a tone is a state that has a colour.
 */
import { duration } from "./times.mjs";
import { runs } from "./pool/pool.mjs";

const STRATEGIES = {
  fill_first: ["select.fill-first", "the first available entry in order"],
  round_robin: ["select.round-robin", "the entry after the one used last"],
  least_used: ["select.least-used", "the entry with the fewest requests"],
  random: ["select.random", "an entry drawn at random"],
};

const EVENTS = { start, success, failure, silence, claim, refreshed, refresh_failed: refreshFailed, resumed };

export const told = {
  /** Say what a decision was, as lines of the log. */
  decision(record, around, setup) {
    return EVENTS[record.event.type]?.(record, around, setup) ?? [];
  },

  clock: (seconds) => line(`The clock moves on by ${duration(seconds)}.`),
  returned: (id) => line(`{${id}} is available again: its cooldown has ended.`, "cooldown.end", "available"),
  waits: (seconds, why) =>
    why === "retry"
      ? line(`The call waits ${duration(seconds)}, as the reply asked.`, "recover.rate-limited.retry-once", "cooling")
      : line(`The call waits ${duration(seconds)} for another call's refresh.`, "oauth.single-flight"),
  revived: ({ id, refresh_token: token }) =>
    token === null
      ? line(`Somebody gives {${id}} a new key and resets it: it is available.`, "operator.reset.clean", "available")
      : line(`Somebody logs {${id}} in again: it is available at once.`, "login.revives", "refreshed"),

  /** How a call ended: its outcome in short, and a line where there is something to say. */
  end(action, reply, now) {
    const { do: name, exhausted } = action;
    if (name === "exhausted") {
      const text = `No entry is available: nothing is sent, and the caller is told so.${first(exhausted, now)}`;
      return { outcome: "exhausted", line: line(text, "exhaust.nothing-sent", "dead") };
    }
    if (name === "fail") return { outcome: "no reply", line: null };
    const outcome = `delivered ${reply?.status ?? ""}`.trim();
    if (!exhausted) return { outcome, line: null };
    const text = exhausted.over
      ? `Nobody is left: the caller gets the last real reply, marked so that its SDK does not repeat it.${first(exhausted, now)}`
      : "Every entry was tried: the caller gets the last real reply.";
    return { outcome, line: line(text, exhausted.over ? "exhaust.last-reply" : "exhaust.all-tried", "dead") };
  },
};

function first({ returns_at: at }, now) {
  return at === null ? " No time brings one back." : ` The first comes back in ${duration(at - now)}.`;
}

// --- one function for each event ------------------------------------------------------------

function start(record, around) {
  return chosen(record, around);
}

function success({ event, before, after, now }) {
  const { entry } = event;
  const lines = [line(`{${entry}} answers: the caller gets the reply as it arrives.`, "recover.stream.not-drained", "available")];
  for (const other of after.entries) {
    const was = before.entries.find(({ id }) => id === other.id);
    if (runs(was.cooldown, now) && !runs(other.cooldown, now)) {
      lines.push(line(`{${other.id}} is available again: the probe has proven its cooldown wrong.`, "exhaust.probe.success", "available"));
    }
  }
  return lines;
}

function silence({ event }) {
  return [line(`{${event.entry}} gets no reply. That says nothing of the key: the caller is told.`, "recover.no-reply")];
}

function failure(record, around, setup) {
  const { event, call, after } = record;
  const { entry, verdict } = event;
  const status = around.reply?.status;
  const word = call.attempts.at(-1).action;
  const lines = [
    { ...line(`{${entry}} answers ${status}: ${verdict.class}.`, "classify.registry", toneOf(verdict)), rule: verdict.rule },
    ...consequence(word, record, around, setup),
    ...cooled(record, around),
  ];
  if (["rotate", "try-next"].includes(word)) lines.push(...chosen(record, around));
  const probed = call.probing === entry && !lines.some(({ tone }) => tone === "dead");
  if (probed) lines.push(line("It was a probe: a failure changes nothing.", "exhaust.probe.failure", "cooling"));
  return after ? lines : [];
}

function claim(record, around) {
  const { event, action } = record;
  if (action.do !== "exchange") return action.entry === event.entry ? [] : chosen(record, around);
  return [line(`The login of {${event.entry}} is refreshed, by one request to the token endpoint.`, "oauth.single-flight", "refreshed")];
}

function refreshed({ event, after, now }) {
  const { expires_at: end } = after.entries.find(({ id }) => id === event.entry);
  const lasts = end === null ? "" : `, good for ${duration(end - now)}`;
  return [line(`{${event.entry}} has a new token${lasts}; the old refresh token is spent.`, "oauth.refresh-token.replaced", "refreshed")];
}

function refreshFailed(record, around) {
  const { entry, terminal } = record.event;
  const [text, requirement, tone] = terminal
    ? ["The grant is gone for good", "recover.auth-expired.terminal", "dead"]
    : ["The token endpoint cannot refresh now", "recover.auth-expired.failed", "cooling"];
  const lines = [line(`${text}: {${entry}} gets no new token.`, requirement, tone), ...cooled(record, around)];
  return lines.length > 1 || terminal
    ? lines
    : [line(`The refresh of {${entry}} failed. Its token is still good, and is used.`, "oauth.window.advisory.harmless", "refreshed")];
}

function resumed(record, around) {
  return record.action.do === "send" ? [] : chosen(record, around);
}

// --- the parts of what is said --------------------------------------------------------------

/** Why the call goes on as it does. */
function consequence(word, { event, before, now }, { tables }, setup) {
  const { entry, verdict } = event;
  const { requirement } = tables.rows.find(({ class: name }) => name === verdict.class);
  const says = {
    retry: () => line(`A first one in a row: {${entry}} is asked once more${soon(verdict.hint)}.`, "recover.rate-limited.retry-once", "cooling"),
    refresh: () => line(`The login of {${entry}} can be refreshed: that comes first.`, requirement, "refreshed"),
    rotate: () => line(...whyRotated(verdict, setup, before, entry)),
    "try-next": () => line("Nobody explains it: another entry is tried for this call only.", requirement),
    deliver: () => (verdict.action === "deliver" ? line(whyDelivered(verdict.class), requirement) : null),
  };
  return [says[word]()].filter(Boolean);
}

function soon(hint) {
  return hint > 0 ? ` in ${duration(hint)}, for the reply says so` : "";
}

function whyRotated({ class: name, hint, action }, { first }, before, id) {
  if (action === "refresh") return [`{${id}} was refreshed already in this call: on to another entry.`, "recover.auth-expired.failed", "cooling"];
  if (name !== "rate_limited") return [`${name} rotates at once: another attempt with {${id}} would fail as well.`, "recover.table", "cooling"];
  if (first === "rotate") return ["The policy says that the first 429 rotates.", "recover.rate-limited.rotate-first", "cooling"];
  if (hint > before.policy.max_retry_wait) {
    return [`It asks for ${duration(hint)}, longer than a call waits: on to another entry.`, "recover.rate-limited.rotate-second", "cooling"];
  }
  return ["The second one in a row: on to another entry.", "recover.rate-limited.rotate-second", "cooling"];
}

function whyDelivered(name) {
  return name === "request_error"
    ? "It is about the request, not the key: the caller gets it, and nobody is out."
    : "The key is healthy: the caller gets the reply, and nobody is out.";
}

/** Who is out now, for how long, and by which requirement; and whose cooldown was shortened. */
function cooled({ event, before, after, now, call }) {
  const { verdict } = event;
  const lines = [];
  for (const entry of after.entries) {
    const was = before.entries.find(({ id }) => id === entry.id);
    const model = call.model;
    for (const [one, old, where] of [
      [entry.cooldown, was.cooldown, ""],
      [entry.models[model] ?? null, was.models[model] ?? null, ` for the model ${model}`],
    ]) {
      if (!runs(one, now) || one.until === old?.until) continue;
      lines.push(outLine({ entry, one, old, where, event, verdict, before, now }));
    }
  }
  return lines;
}

function outLine({ entry, one, old, where, event, verdict, before, now }) {
  const { id } = entry;
  if (one.until === null) return line(`{${id}} is dead: no time brings it back, only a person.`, "recover.table", "dead");
  const lasts = one.until - now;
  if (one.since === old?.since && one.until < old.until) {
    const text = `All were throttled alike, so it is not the keys: {${id}} is out for ${duration(lasts)} only.`;
    return line(text, "recover.outage-guard", "cooling");
  }
  const text = `{${id}} is out for ${duration(lasts)}${where}`;
  const capped = verdict.hint === null && lasts === before.policy.sole_cooldown && one.class === "rate_limited";
  if (id !== event.entry && entry.secret !== event.secret) {
    return line(`${text}: it has the same owner, so the same quota.`, "pool.same-owner", "cooling");
  }
  if (id !== event.entry) return line(`${text}: it holds the same key.`, "pool.same-secret", "cooling");
  if (verdict.hint !== null && verdict.hint !== undefined) return line(`${text}, as the reply says.`, "cooldown.hint", "cooling");
  if (capped) return line(`${text}: no other entry is there.`, "cooldown.sole", "cooling");
  return line(`${text}: the default of ${one.class}.`, "cooldown.default", "cooling");
}

/** Whom the call goes on with, and who pays now. */
function chosen({ action, after, call }, { paid }) {
  const { do: name, entry: id } = action;
  if (!id) return [];
  const [requirement, how] = STRATEGIES[after.strategy];
  const probe = call.probing === id;
  const lines = [
    probe
      ? line(`Everybody is out: {${id}} is probed, for it has been out for long.`, "exhaust.probe", "cooling")
      : line(`{${id}} is next: ${how}.`, requirement),
  ];
  if (name === "refresh") lines.push(line(`The token of {${id}} ends soon: it is refreshed before the request.`, "oauth.window.advisory", "refreshed"));
  const payer = paid(id);
  if (payer) lines.push(line(`Another payer from here: ${payer.from} before, ${payer.to} now.`, "payer.changed", "refreshed"));
  return lines;
}

function toneOf({ action, cooldown }) {
  if (cooldown === "forever") return "dead";
  if (action === "refresh") return "refreshed";
  return action === "deliver" || action === "try-next" ? "none" : "cooling";
}

function line(text, requirement = null, tone = "none") {
  return { text, requirement, tone };
}
