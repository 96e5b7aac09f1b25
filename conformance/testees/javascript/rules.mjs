/**
 * The rules of a credential pool as one function, `decide(state, event, now, draw)` (spec: pools).
 *
 * It reads no clock, no file and no dice, and imports only its like, so a browser can load it.
 * `state` is `{pool, call}`, both plain objects that survive JSON; what comes back is new.
 * A verdict is what `classify.mjs` and `hints.mjs` make of a failing reply.
 * It sends nothing: its caller performs the action it answers with.
 */
import { bench, FOREVER, guardAgainstOutage } from "./cooldowns.mjs";
import {
  available, exhaustion, find, inOrder, isAvailable, isDead, outFor, STRATEGIES, twins,
} from "./pool.mjs";

const GRANT_GONE = { class: "auth_revoked", scope: "entry", cooldown: FOREVER, hint: null };

/** What follows a failing reply, by the action in its class's row of the decision table. */
const ACTIONS = { retry, rotate, refresh, "try-next": tryNext, deliver };

const EVENTS = {
  start: (state, event, now, draw) => advance(state, now, draw),
  sent,
  success,
  failure,
  silence,
  foreign,
  refreshed,
  refresh_failed: refreshFailed,
};

/** Make the memory of one call; `model` is null when the request names none. */
export function makeCall(model) {
  const memory = { attempts: [], tried: [], retried: [], refreshed: [], refusals: {} };
  return { model, ...memory, started: [], probing: null, verdict: null };
}

/**
 * Decide what an event changes, and what is to be done.
 * Events: start; sent, success, failure, silence, foreign, refreshed, refresh_failed of an `entry`.
 * Actions: send (from `until` on), refresh, deliver, fail, exhausted.
 * `exhausted` says of each entry why it is out and until when.
 */
export function decide(state, event, now, draw) {
  const next = structuredClone({ pool: state.pool, call: state.call });
  if (event.owner) learn(next.pool, event);
  const action = EVENTS[event.type](next, event, now, draw);
  return { ...next, action };
}

// --- what an event does ---------------------------------------------------------------------

/** spec: owner.learnt+1 */
function learn(pool, event) {
  for (const entry of pool.entries.filter(({ secret }) => secret === event.secret)) {
    entry.learnt_owner ??= event.owner;
  }
}

/** spec: select.count+1 */
function sent({ pool }, event) {
  const entry = find(pool, event.entry);
  if (entry) entry.request_count += 1;
}

/** spec: recover.rate-limited.across-calls+1, exhaust.probe.success+1 */
function success({ pool, call }, event) {
  const entry = find(pool, event.entry);
  if (entry) entry.retried = false;
  if (entry && call.probing === entry.id) {
    for (const twin of twins(pool, entry)) {
      twin.cooldown = null;
      delete twin.models[call.model];
    }
  }
  record(call, event, "ok", "deliver");
  return { do: "deliver" };
}

/** spec: recover.no-reply+1 */
function silence({ call }, event) {
  record(call, event, null, "deliver");
  return { do: "fail" };
}

/** spec: security.redirect.reply+1 */
function foreign({ call }, event) {
  record(call, event, event.class, "deliver");
  return { do: "deliver" };
}

/** spec: pool.attribution+1, pool.attribution.unknown+1 */
function failure(state, event, now, draw) {
  const entry = find(state.pool, event.entry);
  if (!entry) return deliver(state, event);
  const { class: name, hint, action } = event.verdict;
  state.call.refusals[entry.id] = { bare: name === "rate_limited" && hint === null };
  const outdated = name.startsWith("auth_") && event.secret !== entry.secret;
  return ACTIONS[outdated ? "refresh" : action](state, event, now, draw, entry);
}

/** spec: recover.auth-expired.refresh+1 — every row of the same login gets its new token */
function refreshed({ pool }, event) {
  const entry = find(pool, event.entry);
  const used = entry.refresh_token;
  for (const row of pool.entries.filter((other) => other.refresh_token === used)) {
    row.secret = event.secret;
    row.refresh_token = event.refresh_token ?? used;
    row.expires_at = event.expires_at;
  }
  return { do: "send", entry: entry.id };
}

/** spec: recover.auth-expired.failed+1, recover.auth-expired.terminal+1 */
function refreshFailed(state, event, now, draw) {
  const verdict = event.terminal ? GRANT_GONE : state.call.verdict;
  bench(state, find(state.pool, event.entry), verdict, now);
  return advance(state, now, draw);
}

// --- what a failing reply leads to ----------------------------------------------------------

function retry(state, event, now, draw, entry) {
  const { pool, call } = state;
  const { hint } = event.verdict;
  // spec: recover.rate-limited.long-hint+1
  const soon = hint === null || hint <= pool.policy.max_retry_wait;
  const second = entry.retried || call.retried.includes(entry.id); // spec: recover.bounded+1
  if (!soon || second || !isAvailable(entry, call.model, now)) {
    return rotate(state, event, now, draw, entry); // spec: recover.rate-limited.rotate-second+1
  }
  entry.retried = true; // spec: recover.rate-limited.across-calls+1
  call.retried.push(entry.id);
  record(call, event, event.verdict.class, "retry");
  const wait = Math.max(hint ?? 0, 0); // spec: recover.rate-limited.wait-hint+1
  return { do: "send", entry: entry.id, until: now + wait };
}

function rotate(state, event, now, draw, entry) {
  bench(state, entry, event.verdict, now);
  return goOn(state, event, now, draw, "rotate");
}

/** spec: recover.forbidden.call-only+1 */
function tryNext(state, event, now, draw) {
  return goOn(state, event, now, draw, "try-next");
}

/**
 * spec: recover.overloaded.deliver+1, recover.server-error.deliver+1
 * spec: recover.request-error.deliver+1
 */
function deliver({ call }, event) {
  record(call, event, event.verdict.class, "deliver");
  return { do: "deliver" };
}

/** Refresh once in a call; if the token was replaced since, the new one is tried as it is. */
function refresh(state, event, now, draw, entry) {
  const { call } = state;
  if (call.refreshed.includes(entry.id)) return rotate(state, event, now, draw, entry);
  call.refreshed.push(entry.id);
  call.verdict = event.verdict;
  record(call, event, event.verdict.class, "refresh");
  return { do: event.secret === entry.secret ? "refresh" : "send", entry: entry.id };
}

/** Go on with another entry; the attempt is said to deliver if its reply was the last. */
function goOn(state, event, now, draw, word) {
  const action = advance(state, now, draw);
  record(state.call, event, event.verdict.class, action.do === "send" ? word : "deliver");
  return action;
}

function record(call, { entry }, name, action) {
  call.attempts.push({ entry, class: name, action });
}

// --- choosing -------------------------------------------------------------------------------

/** spec: recover.progress+1, recover.all-tried+1, select.per-call+1 */
function advance(state, now, draw) {
  const { pool, call } = state;
  const left = available(pool, call.model, now).filter(({ id }) => !call.tried.includes(id));
  const probe = left.length === 0 ? probeable(state, now) : undefined;
  if (left.length === 0 && !probe) return end(state, now);
  const chosen = probe ?? STRATEGIES[pool.strategy](left, pool, draw);
  if (probe) probe.probed_at = now;
  else pool.latest = chosen.id;
  call.probing = probe ? probe.id : null;
  call.tried.push(chosen.id);
  return { do: "send", entry: chosen.id, drew: !probe && pool.strategy === "random" };
}

/** spec: exhaust.last-reply+1, exhaust.nothing-sent+1 */
function end({ pool, call }, now) {
  guardAgainstOutage(pool, call, now);
  const exhausted = exhaustion(pool, call.model, now);
  return { do: call.tried.length > 0 ? "deliver" : "exhausted", exhausted };
}

/** One entry for each call may be probed. spec: exhaust.probe+1, exhaust.probe.dead+1 */
function probeable({ pool, call }, now) {
  if (call.probing || available(pool, call.model, now).length > 0) return undefined;
  const { probe_after: after, probe_interval: interval } = pool.policy;
  return inOrder(pool).find((entry) => {
    const out = outFor(entry, call.model, now);
    const due = entry.probed_at === null || now - entry.probed_at >= interval;
    const eligible = out && !isDead(out) && entry.secret !== null && !call.tried.includes(entry.id);
    return eligible && due && now - out.since > after;
  });
}
