/**
 * Who is out after a refusal, and for how long (spec: cooldowns).
 *
 * Pure; it changes the pool that it is given, which is the copy that `decide` made.
 */
import { ownerOf } from "./owners.mjs";
import { available, find, holders, isDead, runs } from "./pool.mjs";

export const FOREVER = "forever";

/** The classes of which the decision table says that they rest on the owner. */
const OWNERS_CLASSES = ["usage_limited", "out_of_credit"];
const OF_OWNER = ["owner", "owner-model"];
const OF_MODEL = ["model", "owner-model"];

/** Start the cooldown of a verdict on a secret, for everyone on whom it rests. */
export function bench({ pool, call }, secret, verdict, now) {
  const dead = verdict.cooldown === FOREVER;
  if (call.probing && !dead) return; // spec: exhaust.probe.failure+3
  const model = OF_MODEL.includes(verdict.scope) ? call.model : null;
  const targets = restsOn(pool, secret, verdict.scope);
  const until = dead ? null : now + duration(pool, call, verdict, targets, now);
  for (const target of targets) {
    target.marked = false; // spec: recover.rate-limited.across-calls+2
    const running = model === null ? target.cooldown : target.models[model] ?? null;
    const outlasts = runs(running, now) && (isDead(running) || (!dead && running.until >= until));
    if (outlasts) continue; // spec: cooldown.never-shorten+3
    if (isNearly(running, verdict.class, now, until)) continue; // spec: cooldown.nearly+1
    const told = { code: verdict.code ?? null, reason: verdict.rule ?? null };
    const cooldown = { class: verdict.class, since: now, until, ...told }; // spec: cooldown.never-shorten+3
    if (model === null) target.cooldown = cooldown;
    else target.models[model] = cooldown; // spec: recover.not-entitled.other-models+2
    const before = runs(running, now) ? running.until : now;
    call.started.push({ id: target.id, model, until, before });
  }
}

/** Whether a cooldown runs that a later report of the same class would make little longer. */
function isNearly(running, name, now, until) {
  if (until === null || !runs(running, now) || running.class !== name) return false;
  return until - running.until < 0.01 * (until - now);
}

/** End what a reply to a secret has proven wrong. spec: exhaust.probe.success+3 */
export function release(pool, secret, model, scopes) {
  const proven = holders(pool, secret).flatMap((entry) => [entry.cooldown, entry.models[model]]);
  for (const { class: name, reason } of proven.filter((one) => one && !isDead(one))) {
    const usual = OWNERS_CLASSES.includes(name) ? "owner" : "entry";
    for (const other of restsOn(pool, secret, scopes[reason] ?? usual)) {
      if (other.cooldown?.class === name) other.cooldown = null;
      if (other.models[model]?.class === name) delete other.models[model];
    }
  }
}

function duration(pool, call, verdict, targets, now) {
  const { policy } = pool;
  if (verdict.hint !== null) {
    // spec: cooldown.hint+2, cooldown.clamp+2
    return Math.min(Math.max(verdict.hint, policy.min_cooldown), policy.max_cooldown);
  }
  const secrets = targets.map(({ secret }) => secret);
  const others = available(pool, call.model, now).filter(
    (other) => !targets.includes(other) && !secrets.includes(other.secret),
  );
  const usual = policy.cooldowns[verdict.class] ?? verdict.cooldown; // spec: cooldown.default+2
  // spec: cooldown.sole+3
  const sole = verdict.class === "rate_limited" && others.length === 0;
  return sole ? Math.min(policy.sole_cooldown, usual) : usual;
}

/** spec: pool.attribution+2, pool.same-secret+3, pool.same-owner+2 */
function restsOn(pool, secret, scope) {
  const same = holders(pool, secret);
  const owners = OF_OWNER.includes(scope) ? same.map(ownerOf).filter((one) => one !== null) : [];
  return pool.entries.filter((other) => same.includes(other) || owners.includes(ownerOf(other)));
}

/** spec: recover.outage-guard+2 */
export function guardAgainstOutage(pool, call, now) {
  const alike = call.tried.every((id) => call.refusals[id]?.bare);
  if (call.tried.length < 2 || !alike) return;
  const latest = now + pool.policy.sole_cooldown;
  for (const { id, model, until, before } of call.started) {
    const entry = find(pool, id);
    const cooldown = model === null ? entry.cooldown : entry.models[model];
    if (cooldown?.until === until) cooldown.until = Math.min(until, Math.max(latest, before));
  }
}
