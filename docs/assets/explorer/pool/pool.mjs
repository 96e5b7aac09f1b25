/**
 * A pool as a plain object: its entries, who of them is out and until when, and who is next
 * (spec: pools, selection, exhaustion).
 *
 * Pure: it imports only its like and reads no clock. Nothing here changes a pool; `rules.mjs` does.
 */
import { DISABLED, tidy, whyNot } from "./usable.mjs";

export const POLICY = {
  first_429: "retry",
  max_retry_wait: 10,
  sole_cooldown: 60,
  min_cooldown: 1,
  max_cooldown: 31 * 86400,
  cooldowns: {},
  probe_after: 3600,
  probe_interval: 900,
  advisory_window: 120,
  mandatory_window: 30,
  claim_ttl: 60,
};

/** Each chooses among the available entries, which are never none and stand in the pool's order. */
export const STRATEGIES = {
  fill_first: ([entry]) => entry, // spec: select.fill-first+2
  round_robin: (entries, pool) => {
    // spec: select.round-robin+3
    const order = inOrder(pool).map(({ id }) => id);
    const latest = order.indexOf(pool.latest);
    return entries.find(({ id }) => order.indexOf(id) > latest) ?? entries[0];
  },
  least_used: (entries) =>
    // spec: select.least-used+2
    entries.reduce((best, entry) => (entry.request_count < best.request_count ? entry : best)),
  random: (entries, pool, draw) =>
    // spec: select.random+2
    entries[Math.floor(draw * entries.length)],
};

const DEFAULT_STRATEGY = "fill_first"; // spec: select.default+1

/** Make a pool, all of whose entries are well; an unknown strategy throws a RangeError. */
export function makePool({ provider, strategy, policy, entries }) {
  const name = strategy ?? DEFAULT_STRATEGY;
  if (!Object.hasOwn(STRATEGIES, name)) {
    // spec: select.unknown-strategy+2
    const known = Object.keys(STRATEGIES).join(", ");
    throw new RangeError(`unknown strategy "${name}"; choose one of: ${known}`);
  }
  const marks = { marked: false, disabled: false, cooldown: null, probed_at: null, claim: null };
  const fresh = { request_count: 0, refresh_failed_at: null, ...marks };
  return {
    provider,
    strategy: name,
    policy: { ...POLICY, ...policy },
    latest: null,
    entries: entries.map((entry) => ({ ...tidy(entry), ...fresh, models: {} })),
  };
}

/** Show every entry's state, and change nothing. spec: pool.read.effect-free+2 */
export function look(pool, now) {
  const entries = pool.entries.map((entry) => {
    const { cooldown, models } = entry;
    const running = Object.entries(models).filter(([, cooldown]) => runs(cooldown, now));
    return {
      id: entry.id,
      label: entry.label,
      status: isDead(cooldown) ? "dead" : runs(cooldown, now) ? "exhausted" : "ok",
      ...reason(runs(cooldown, now) ? cooldown : null),
      models: Object.fromEntries(running.map(([model, cooldown]) => [model, reason(cooldown)])),
      request_count: entry.request_count,
      ...flaw(whyNot(entry)),
    };
  });
  return { entries, returns_at: exhaustion(pool, null, now)?.returns_at ?? null };
}

// --- who is available ----------------------------------------------------------------------

/** spec: select.order+2 */
export function inOrder(pool) {
  return [...pool.entries].sort((one, other) => one.priority - other.priority);
}

export function available(pool, model, now) {
  return inOrder(pool).filter((entry) => isAvailable(entry, model, now));
}

/** spec: select.available+2, select.per-call+2, pool.unusable+1 */
export function isAvailable(entry, model, now) {
  return whyNot(entry) === null && outFor(entry, model, now) === null;
}

// --- what is out, and until when ------------------------------------------------------------

/**
 * Say for each entry why and until when it is out, or null while one is available.
 * After a call that has tried all, `failed` has the last failure of each secret: an entry that is
 * available has failed for that call alone, and the pool is not `over`.
 */
export function exhaustion(pool, model, now, failed = null) {
  const left = available(pool, model, now);
  if (left.length > 0 && !failed) return null;
  const out = pool.entries.map((entry) => [entry, outFor(entry, model, now)]);
  const returning = out.filter(
    ([entry, cooldown]) => cooldown && whyNot(entry) === null && !isDead(cooldown),
  );
  const why = ([entry, cooldown]) =>
    left.includes(entry)
      ? { class: failed.get(entry.secret) ?? null, until: null } // spec: exhaust.all-tried+2
      : told(entry, cooldown);
  return {
    over: left.length === 0,
    // spec: exhaust.returns-at+2
    returns_at: returning.length > 0 ? Math.min(...returning.map(([, { until }]) => until)) : null,
    // spec: exhaust.reasons+3
    entries: Object.fromEntries(out.map((one) => [one[0].id, why(one)])),
  };
}

/** The cooldown that keeps an entry from a model, the one that ends last, or null. */
export function outFor(entry, model, now) {
  const both = [entry.cooldown, entry.models[model] ?? null].filter((one) => runs(one, now));
  const ends = ({ until }) => until ?? Infinity;
  return both.sort((one, other) => ends(other) - ends(one))[0] ?? null;
}

/** spec: cooldown.end+2 */
export function runs(cooldown, now) {
  return cooldown !== null && (isDead(cooldown) || now < cooldown.until);
}

/** spec: recover.table+1 */
export function isDead(cooldown) {
  return cooldown !== null && cooldown.until === null;
}

function told(entry, cooldown) {
  const why = whyNot(entry);
  if (why === DISABLED) return { class: "disabled", until: null };
  return why === null ? reason(cooldown) : { ...reason(null), why };
}

function flaw(why) {
  if (why === DISABLED) return { disabled: true };
  return why === null ? {} : { why };
}

function reason(cooldown) {
  return { class: cooldown?.class ?? null, until: cooldown?.until ?? null };
}

export function find(pool, id) {
  return pool.entries.find((entry) => entry.id === id);
}

/** Whether the token can be refreshed, and ends within that time. */
export function endsWithin(entry, seconds, now) {
  const known = entry.refresh_token !== null && entry.expires_at !== null;
  return known && entry.expires_at - now <= seconds;
}

/** The rows of one login: those that hold the same refresh token. */
export function login(pool, entry) {
  const { refresh_token: token } = entry;
  return pool.entries.filter((row) => row === entry || (token && row.refresh_token === token));
}

/** The rows that hold a secret. */
export function holders(pool, secret) {
  return pool.entries.filter((entry) => secret !== null && entry.secret === secret);
}

/** The rows that hold the same secret, the entry itself among them. */
export function twins(pool, entry) {
  return holders(pool, entry.secret);
}
