/**
 * The rules of a credential pool as one function, `decide(state, event, now, draw)` (spec: pools).
 *
 * It reads no clock, no file and no dice, and imports only its like, so a browser can load it.
 * `state` is `{pool, call}`, both plain objects that survive JSON; what comes back is new.
 * A verdict is what `classify.mjs` and `hints.mjs` make of a failing reply.
 * It sends nothing: its caller performs the action it answers with.
 */
import { bench, guardAgainstOutage, release } from "./cooldowns.mjs";
import {
  available, endsWithin, exhaustion, find, holders, inOrder, isAvailable, isDead, outFor, STRATEGIES,
  twins,
} from "./pool.mjs";
import { hasComeFor, isGood, isIn, mark, refreshed, refreshFailed, rests } from "./refreshes.mjs";
import { whyNot } from "./usable.mjs";

/** What follows a failing reply, by the action in its class's row of the decision table. */
const ACTIONS = { retry, rotate, refresh, "try-next": tryNext, deliver };

const EVENTS = {
  start: (state, event, now, draw) => advance(state, now, draw),
  sent,
  success,
  failure,
  silence,
  foreign,
  claim,
  resumed,
  refreshed,
  refresh_failed: refreshFailed,
};

/** Make the memory of one call; `model` is null when the request names none. */
export function makeCall(model, began = null) {
  const memory = { attempts: [], tried: [], retried: [], refreshed: [], renewed: [], refusals: {} };
  return { model, began, ...memory, started: [], probing: null, sent: false };
}

/**
 * Decide what an event changes, and what is to be done.
 * Events: start; sent, success, failure, silence, foreign, claim, resumed, refreshed,
 * refresh_failed of an `entry`. A `claim` asks for the right to refresh, in the name of its
 * `holder`, or for what has come of it; `known` is the cooldown that the entry had before.
 * Actions: send (from `until` on), refresh (which begins with a claim), exchange (the claim is
 * granted), await (another call's refresh), deliver, fail, exhausted.
 * `exhausted` says of each entry why it is out and until when.
 */
export function decide(state, event, now, draw) {
  const next = structuredClone({ pool: state.pool, call: state.call });
  if (event.owner) learn(next.pool, event);
  const action = EVENTS[event.type](next, event, now, draw);
  return { ...next, action };
}

// --- what an event does ---------------------------------------------------------------------

/** spec: owner.learnt+2 */
function learn(pool, event) {
  for (const entry of pool.entries.filter(({ secret }) => secret === event.secret)) {
    entry.learnt_owner = event.owner;
  }
}

/** spec: select.count+2 */
function sent({ pool, call }, event) {
  const entry = find(pool, event.entry);
  call.sent = true;
  for (const twin of entry ? twins(pool, entry) : []) twin.request_count += 1;
}

/** spec: recover.rate-limited.across-calls+2, exhaust.probe.success+3, cooldown.late-success+1 */
function success({ pool, call }, event) {
  for (const entry of holders(pool, event.secret)) entry.marked = false;
  if (call.probing === event.entry) release(pool, event.secret, call.model, event.scopes);
  record(call, event, "ok", "deliver");
  return { do: "deliver" };
}

/** spec: recover.no-reply+2 */
function silence({ call }, event) {
  record(call, event, null, "deliver");
  return { do: "fail" };
}

/** spec: security.redirect.reply+2 */
function foreign({ call }, event) {
  record(call, event, event.class, "deliver");
  return { do: "deliver" };
}

/** spec: pool.attribution+2 */
function failure(state, event, now, draw) {
  const entry = find(state.pool, event.entry);
  if (!entry) return deliver(state, event);
  const { class: name, hint, action } = event.verdict;
  state.call.refusals[entry.id] = { bare: name === "rate_limited" && hint === null };
  const outdated = name.startsWith("auth_") && event.secret !== entry.secret;
  const next = outdated ? "refresh" : action;
  if (entry.paused && repeats(state, event, now, entry, next)) {
    return tryNext(state, event, now, draw);
  }
  return ACTIONS[next](state, event, now, draw, entry);
}

/**
 * A refresh is no call's: each call that wanted it looks at the entry again when it has ended.
 * spec: oauth.single-flight+2, oauth.single-flight.adopt+2, oauth.claim.expires+2, oauth.once+1
 */
function claim(state, event, now, draw) {
  const { pool, call } = state;
  const { holder, secret } = event;
  const entry = find(pool, event.entry);
  if (!entry || !isIn(call, entry, event, now)) return advance(state, now, draw);
  const had = call.renewed.includes(entry.id);
  const held = entry.claim && entry.claim.until > now && entry.claim.holder !== holder;
  const waits = held || rests(pool, entry, now) || !entry.refresh_token; // spec: oauth.window.advisory.rest+2
  const settled = isGood(pool, call, entry, secret, now) && (had || entry.secret !== secret || waits);
  if (settled || hasComeFor(pool, call, entry, event, now)) {
    return { do: "send", entry: entry.id }; // spec: oauth.single-flight.no-wait+2
  }
  const { refresh_failed_at: failed } = entry;
  if (held && failed === null) {
    // spec: oauth.claim.doubtful+1
    const other = entry.claim.doubtful ? beside(state, entry, now, draw) : null;
    return other ?? { do: "await", entry: entry.id, until: entry.claim.until };
  }
  if (had || !entry.refresh_token) return advance(state, now, draw);
  // spec: oauth.claim.unanswered+1
  if (held || (failed !== null && event.since !== null && failed >= event.since)) {
    call.renewed.push(entry.id);
    bench(state, entry.secret, { ...event.verdict, hint: null }, now);
    return advance(state, now, draw);
  }
  call.renewed.push(entry.id);
  const until = now + pool.policy.claim_ttl;
  mark(pool, entry, { claim: { holder, until }, refresh_failed_at: null });
  return { do: "exchange", entry: entry.id };
}

/** Go on with another entry that no claim holds up, if there is one; this one was not tried. */
function beside(state, entry, now, draw) {
  const { pool, call } = state;
  const used = [entry.id, ...call.tried].map((id) => find(pool, id)?.secret);
  const free = available(pool, call.model, now).filter(
    ({ secret, claim: held }) => !used.includes(secret) && !(held && held.until > now),
  );
  if (free.length === 0) return null;
  if (!call.refreshed.includes(entry.id)) call.tried = call.tried.filter((id) => id !== entry.id);
  return turnTo(state, free, now, draw);
}

/** spec: recover.look-again+1 */
function resumed(state, event, now, draw) {
  const { pool, call } = state;
  const entry = find(pool, event.entry);
  if (!entry || !isIn(call, entry, event, now)) return advance(state, now, draw);
  if (isGood(pool, call, entry, event.secret, now)) return { do: "send", entry: entry.id };
  if (call.renewed.includes(entry.id)) return advance(state, now, draw);
  return { do: "refresh", entry: entry.id };
}

// --- what a failing reply leads to ----------------------------------------------------------

/** Whether the attempt would be repeated, had nobody disabled the entry meanwhile. */
function repeats({ pool, call }, event, now, entry, action) {
  if (action === "retry") return mayRetry(pool, call, event, now, { ...entry, paused: false });
  return action === "refresh" && !call.refreshed.includes(entry.id);
}

function mayRetry(pool, call, event, now, entry) {
  const { hint } = event.verdict;
  // spec: recover.rate-limited.rotate-second+2
  const soon = hint === null || hint <= pool.policy.max_retry_wait;
  const second = entry.marked || call.retried.includes(entry.id); // spec: recover.bounded+2
  const moves = pool.policy.first_429 === "rotate"; // spec: recover.rate-limited.rotate-first+1
  // spec: recover.rate-limited.gone-out+1
  const probes = call.probing !== null; // spec: exhaust.probe.failure+3
  return !(moves || !soon || second || probes || !isAvailable(entry, call.model, now));
}

function retry(state, event, now, draw, entry) {
  const { pool, call } = state;
  const { hint } = event.verdict;
  if (!mayRetry(pool, call, event, now, entry)) {
    return rotate(state, event, now, draw); // spec: recover.rate-limited.rotate-second+2
  }
  for (const row of holders(pool, event.secret)) row.marked = true; // spec: pool.same-secret+3
  call.retried.push(entry.id);
  record(call, event, event.verdict.class, "retry");
  const wait = Math.max(hint ?? 0, 0); // spec: recover.rate-limited.retry-once+3
  return { do: "send", entry: entry.id, until: now + wait };
}

function rotate(state, event, now, draw) {
  bench(state, event.secret, event.verdict, now);
  return goOn(state, event, now, draw, "rotate");
}

/** spec: recover.table+1 */
function tryNext(state, event, now, draw) {
  return goOn(state, event, now, draw, "try-next");
}

/**
 * spec: recover.table+1
 * spec: recover.table+1
 */
function deliver({ call }, event) {
  record(call, event, event.verdict.class, "deliver");
  return { do: "deliver" };
}

/** Refresh once in a call; if the token was replaced since, the new one is tried as it is. */
function refresh(state, event, now, draw, entry) {
  const { call } = state;
  const same = event.secret === entry.secret;
  const had = call.refreshed.includes(entry.id) || (same && call.renewed.includes(entry.id));
  // spec: oauth.once+1, oauth.late-refusal+2, recover.auth-expired.refresh+2
  if (had || isDead(entry.cooldown)) return rotate(state, event, now, draw);
  call.refreshed.push(entry.id);
  record(call, event, event.verdict.class, "refresh");
  return { do: same ? "refresh" : "send", entry: entry.id };
}

/** Go on with another entry; the attempt is said to deliver if its reply was the last. */
function goOn(state, event, now, draw, word) {
  const action = advance(state, now, draw);
  const goesOn = action.do === "send" || action.do === "refresh";
  record(state.call, event, event.verdict.class, goesOn ? word : "deliver");
  if (goesOn) return action;
  const { pool, call } = state;
  return { ...action, exhausted: exhaustion(pool, call.model, now, failuresOf(pool, call)) };
}

function record(call, { entry }, name, action) {
  call.attempts.push({ entry, class: name, action });
}

// --- choosing -------------------------------------------------------------------------------

/** spec: recover.progress+3, recover.all-tried+2, select.per-call+2 */
function advance(state, now, draw) {
  const { pool, call } = state;
  const secrets = call.tried.map((id) => find(pool, id)?.secret);
  const untried = ({ id, secret }) => !call.tried.includes(id) && !secrets.includes(secret);
  const left = available(pool, call.model, now).filter(untried);
  const probe = left.length === 0 ? probeable(state, now) : undefined;
  if (left.length === 0 && !probe) return end(state, now);
  if (!probe) return turnTo(state, left, now, draw);
  for (const twin of twins(pool, probe)) twin.probed_at = now;
  call.probing = probe.id;
  return begin(state, probe, now);
}

/** Go on with the strategy's choice among entries of which there is one. */
function turnTo(state, entries, now, draw) {
  const { pool, call } = state;
  const chosen = STRATEGIES[pool.strategy](entries, pool, draw);
  pool.latest = chosen.id;
  call.probing = null;
  return { ...begin(state, chosen, now), drew: pool.strategy === "random" };
}

function begin({ pool, call }, chosen, now) {
  call.tried.push(chosen.id);
  // spec: oauth.window.mandatory+2, oauth.window.advisory+2
  const due = endsWithin(chosen, pool.policy.advisory_window, now);
  return { do: due ? "refresh" : "send", entry: chosen.id };
}

/** spec: exhaust.last-reply+2, exhaust.nothing-sent+2 */
function end({ pool, call }, now) {
  guardAgainstOutage(pool, call, now);
  const exhausted = exhaustion(pool, call.model, now, failuresOf(pool, call));
  return { do: call.sent ? "deliver" : "exhausted", exhausted };
}

/** The last failure of each secret in a call. spec: exhaust.all-tried+2 */
function failuresOf(pool, { attempts }) {
  return new Map(attempts.map((attempt) => [find(pool, attempt.entry)?.secret, attempt.class]));
}

/**
 * Whom a call may probe that has tried nobody: the one that was probed longest ago.
 * spec: exhaust.probe+3, exhaust.probe.order+2, exhaust.probe.not-in-mid-call+1
 * spec: exhaust.probe.dead+2
 */
function probeable({ pool, call }, now) {
  if (call.tried.length > 0 || available(pool, call.model, now).length > 0) return undefined;
  const { probe_after: after, probe_interval: interval } = pool.policy;
  const due = inOrder(pool).filter((entry) => {
    const out = outFor(entry, call.model, now);
    const rested = entry.probed_at === null || now - entry.probed_at >= interval;
    return out && !isDead(out) && whyNot(entry) === null && rested && now - out.since > after;
  });
  return due.sort((one, other) => (one.probed_at ?? 0) - (other.probed_at ?? 0))[0];
}
