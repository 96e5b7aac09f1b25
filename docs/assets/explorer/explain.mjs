/**
 * What a provider's failing reply means, and what a call does next: what `credpool explain` says.
 *
 * Pure. It is the first such reply to one of two entries, under the default policy.
 */
import { bench } from "./pool/cooldowns.mjs";
import { matchingRule, verdictOf } from "./pool/classify.mjs";
import { readHint } from "./pool/hints.mjs";
import { makePool, POLICY } from "./pool/pool.mjs";
import { readReply } from "./pool/reply.mjs";
import { decide, makeCall } from "./pool/rules.mjs";
import { refusalIn } from "./in-band.mjs";

export const MEANINGS = {
  retry: "the same entry once more, then another one",
  rotate: "another entry at once",
  refresh: "refresh the login, then the same entry again",
  "try-next": "another entry for this call only",
  deliver: "give the reply to the caller",
};
const RETRIED = "recover.rate-limited.retry-once";
const LONG_HINT = "recover.rate-limited.rotate-second";
const ROTATED = "recover.rate-limited.rotate-first";
const FOR_GOOD = "until somebody logs in again";

/** Explain a reply, or return null when it tells no failure. */
export function explain(tables, provider, received, now) {
  const { providers, rows } = tables;
  const { auth_type: type } = received;
  const reply = failing(tables, provider, received);
  if (reply === null) return null;
  const read = readReply(reply);
  const rule = matchingRule(providers, provider, read, { auth_type: type });
  if (rule === undefined) return null;
  // as the registry says: what can be refreshed is the entry's own affair
  const known = { auth_type: type, refresh_token: rule.class === "auth_expired" };
  const row = rows.find((candidate) => candidate.class === rule.class);
  const { zone } = providers[provider] ?? {};
  const hint = row.hint ? readHint(tables.hints, rule.hint, read, now, zone) : null;
  const verdict = { ...verdictOf(rule, rows, known), hint, code: reply.status, rule: rule.name };
  const action = actionOf(provider, verdict, {});
  return {
    version: 1,
    provider,
    status: received.status,
    read_as: reply.status,
    class: verdict.class,
    rule: rule.name,
    from: `spec/registry/${rule.name.split("/")[0]}.yaml`,
    source: `${rule.source} (${rule.evidence}, ${rule.verified})`,
    codes: [...new Set(read.codes)].sort(),
    message: read.message || null,
    action,
    meaning: MEANINGS[action],
    scope: verdict.scope,
    hint,
    cooldown: cooldownOf(provider, verdict),
    requirement: action === row.action ? row.requirement : LONG_HINT,
    otherwise: [...otherwise(provider, verdict, action)],
    matched: rule.when,
  };
}

/** The failing reply: what was received, or what a success says inside; null for none. */
function failing(tables, provider, received) {
  const { status } = received;
  if (status >= 400) return received;
  if (status < 200 || status >= 300) return null;
  return refusalIn(received, tables.providers, provider, tables.in_band);
}

/** The policies that lead to another action. */
function* otherwise(provider, verdict, action) {
  const patience = Math.max(verdict.hint ?? 0, POLICY.max_retry_wait);
  const others = [
    ["first_429", "rotate", ROTATED],
    ["max_retry_wait", patience, RETRIED],
  ];
  for (const [name, value, requirement] of others) {
    const other = actionOf(provider, verdict, { [name]: value });
    if (other === action) continue;
    yield { policy: `${name}: ${value}`, action: other, meaning: MEANINGS[other], requirement };
  }
}

/** What a call does after the first such reply, while another entry is untried. */
function actionOf(provider, verdict, policy) {
  if (verdict.action !== "retry") return verdict.action;
  const failure = { type: "failure", entry: "this", secret: "this", verdict };
  const { call } = decide(ofTwo(provider, policy), failure, 0, 0);
  return call.attempts.at(-1).action;
}

/** How long the entry is out when the pool rotates: seconds, a text for good, or null. */
function cooldownOf(provider, verdict) {
  if (verdict.cooldown === null) return null;
  const state = ofTwo(provider, {});
  bench(state, "this", verdict, 0);
  return state.call.started.at(-1).until ?? FOR_GOOD;
}

function ofTwo(provider, policy) {
  const entries = ["this", "other"].map((id) => ({ id, secret: id, priority: 0 }));
  return { pool: makePool({ provider, policy, entries }), call: makeCall("any", 0) };
}
