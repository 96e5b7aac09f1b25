/**
 * How far stored moments are believed: no further than a right clock can have written them
 * (spec: storage). What is stored stays as it is, for the wrong clock may be this one's.
 *
 * Pure: it imports nothing and reads no clock.
 */

const LONGEST_DEFAULT = 86400; // of the decision table

/** The parts of an entry that hold moments, and what is believed of each. */
const BELIEVED = {
  claim: (claim, policy, now) => {
    const latest = now + policy.claim_ttl;
    return claim === null || claim.until <= latest ? claim : { ...claim, until: latest, doubtful: true };
  },
  probed_at: (moment, policy, now) => (moment === null ? null : Math.min(moment, now)),
  refresh_failed_at: (moment, policy, now) => (moment === null ? null : Math.min(moment, now)),
  cooldown: (cooldown, policy, now) => (cooldown === null ? null : bounded(cooldown, policy, now)),
  models: (models, policy, now) => {
    const all = Object.entries(models);
    return Object.fromEntries(all.map(([name, one]) => [name, bounded(one, policy, now)]));
  },
};

/**
 * Return a stored entry as far as it is believed; `kept` holds what is stored where that differs.
 * What was read before counts from its first reading. spec: store.moments.bounded+1
 */
export function believed(stored, before, policy, now) {
  const entry = { ...stored, kept: {} };
  for (const [name, read] of Object.entries(BELIEVED)) {
    const known = before?.kept?.[name];
    const again = known !== undefined && same(known.stored, stored[name]) && known.at <= now;
    const taken = again ? known : { stored: stored[name], at: now };
    const value = again ? known.value : read(stored[name], policy, now);
    if (same(value, stored[name])) continue;
    entry[name] = value;
    entry.kept[name] = { ...taken, value };
  }
  return entry;
}

/** Return an entry with what is stored, where nobody has changed it. spec: store.moments.kept+1 */
export function asKept({ kept = {}, ...entry }) {
  const back = Object.entries(kept).filter(([name, { value }]) => same(value, entry[name]));
  return { ...entry, ...Object.fromEntries(back.map(([name, { stored }]) => [name, stored])) };
}

function bounded(cooldown, policy, now) {
  const { since, until } = cooldown;
  const lengths = [policy.max_cooldown, policy.sole_cooldown, ...Object.values(policy.cooldowns)];
  const longest = Math.max(LONGEST_DEFAULT, ...lengths);
  const begins = Math.min(since, now);
  if (until === null) return { ...cooldown, since: begins };
  const lasts = since > now ? Math.min(until - since, longest) : longest;
  return { ...cooldown, since: begins, until: Math.min(until, (begins || now) + lasts) };
}

function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}
