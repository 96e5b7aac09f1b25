/**
 * What comes of a refresh, and whether a call may go on with the entry then (spec: oauth).
 *
 * Pure; like `cooldowns.mjs` it changes the pool that it is given, which is the copy of `decide`.
 */
import { bench, FOREVER } from "./cooldowns.mjs";
import { endsWithin, find, isDead, login, outFor } from "./pool.mjs";

const GRANT_GONE = {
  class: "auth_revoked", scope: "entry", cooldown: FOREVER, hint: null, rule: "token-endpoint",
};

/**
 * spec: recover.auth-expired.refresh+2, oauth.refresh-token.replaced+2
 * spec: oauth.refresh-token.replaced+2, oauth.late-token+1
 */
export function refreshed(state, event, now) {
  const { pool } = state;
  const entry = find(pool, event.entry);
  const newer = entry?.refresh_token === event.spent && entry.secret !== event.secret;
  const over = event.grant.expires_at !== null && event.grant.expires_at <= now;
  const rows = newer ? [] : pool.entries.filter((row) => row.refresh_token === event.spent);
  for (const row of rows) {
    row.refresh_token = event.grant.refresh_token ?? row.refresh_token;
    if (over) continue;
    row.secret = event.grant.secret;
    row.expires_at = event.grant.expires_at;
    row.claim = null;
    row.refresh_failed_at = null;
    if (isMended(row.cooldown)) row.cooldown = null;
  }
  // spec: oauth.reply.over+2
  if (over) refreshFailed(state, { ...event, terminal: false, hint: null }, now);
}

/**
 * spec: recover.auth-expired.failed+2, recover.auth-expired.terminal+4
 * spec: oauth.window.mandatory+2, oauth.window.advisory.harmless+2
 */
export function refreshFailed(state, event, now) {
  const { pool, call } = state;
  const entry = find(pool, event.entry);
  if (!entry || event.secret !== entry.secret) return;
  const held = entry.claim && entry.claim.until > now ? entry.claim : null;
  if (held && held.holder !== event.holder) return; // the outcome is somebody else's by now
  // spec: oauth.claim.ends+1
  mark(pool, entry, { claim: event.unanswered ? held : null, refresh_failed_at: now });
  if (!event.terminal && isGood(pool, call, entry, event.secret, now)) return;
  const passing = { ...event.verdict, hint: event.hint ?? null };
  bench(state, entry.secret, event.terminal ? GRANT_GONE : passing, now);
}

/** Note something in every row of the entry's login. */
export function mark(pool, entry, marks) {
  for (const row of login(pool, entry)) Object.assign(row, marks);
}

/** Whether a refresh has failed so lately that none is made ahead of time. */
export function rests({ policy }, { refresh_failed_at: failed }, now) {
  return failed !== null && now >= failed && now - failed < policy.claim_ttl;
}

/** Whether the call may go on with the entry: it has not gone out since, nor for its token. */
export function isIn(call, entry, { known }, now) {
  if (entry.secret === null || entry.paused || isDead(entry.cooldown)) return false;
  const out = outFor(entry, call.model, now);
  if (out === null || call.probing === entry.id) return true;
  const old = known !== null && out.since === known.since && out.until === known.until;
  return old && !out.class.startsWith("auth_");
}

/** Whether the token there is may be sent: not refused in this call, nor about to end. */
export function isGood(pool, call, entry, known, now) {
  const last = call.attempts.findLast((attempt) => attempt.entry === entry.id);
  const refused = entry.secret === known && last?.class?.startsWith("auth_");
  return !refused && !endsWithin(entry, pool.policy.mandatory_window, now);
}

/** Whether the token is what the call has refreshed or waited for, however short its life. */
export function hasComeFor(pool, call, entry, { secret, since }, now) {
  const over = entry.expires_at !== null && entry.expires_at <= now;
  const prompt = since !== null && now - since < pool.policy.mandatory_window;
  return entry.secret !== secret && !over && (prompt || call.renewed.includes(entry.id));
}

/** Whether a new token proves a cooldown wrong. spec: oauth.late-token.dead+1 */
function isMended(cooldown) {
  if (!cooldown?.class.startsWith("auth_")) return false;
  return !isDead(cooldown) || cooldown.reason === GRANT_GONE.rule;
}
