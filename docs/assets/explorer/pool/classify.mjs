/**
 * The failure class of a reply, and all that the tables say of it
 * (spec: classification, recovery).
 *
 * Pure: the tables come in as data, and nothing is imported.
 * What happens to the pool is for `rules.mjs` to say.
 */

const GENERIC = "generic";
const FAMILY = /^[45]xx$/;

/** One row for each condition that a rule can set: does it hold of this reply to this entry? */
const CONDITIONS = {
  status: (wanted, reply) => any(wanted, (status) => hasStatus(reply.status, status)),
  code: (wanted, reply) => any(wanted, (code) => reply.codes.includes(code)),
  message: (wanted, reply) => any(wanted, (part) => contains(reply.message, part)),
  quota: (wanted, reply) => any(wanted, (part) => reply.quotas.some((id) => id.includes(part))),
  header: (wanted, reply) =>
    Object.entries(wanted).every(([name, value]) => hasHeader(reply.headers[name], value)),
  auth_type: (wanted, reply, entry) => wanted === entry.auth_type,
};

/**
 * Give the first matching rule, the provider's own before the generic ones.
 * spec: classify.registry+2, classify.unknown-code+2
 */
export function matchingRule(providers, provider, reply, entry) {
  return rulesOf(providers, provider).find(({ when }) =>
    Object.entries(when).every(([name, wanted]) => CONDITIONS[name](wanted, reply, entry)),
  );
}

/** What a provider's token endpoint calls a grant that is gone for good. */
export function terminalCodes(providers, provider) {
  const files = [provider, GENERIC].flatMap((name) => providers[name]?.terminal ?? []);
  return files.flatMap(({ codes }) => codes);
}

/** By the name of a rule, the scope of what it starts, where it is not that of its class. */
export function scopesOf(providers, provider) {
  const scoped = rulesOf(providers, provider).filter(({ scope }) => scope);
  return Object.fromEntries(scoped.map(({ name, scope }) => [name, scope]));
}

/** A provider's own rules and then the generic ones, each with its full name. */
function rulesOf(providers, provider) {
  const names = [...new Set([provider, GENERIC])].filter((name) => name in providers);
  const named = (owner) => (rule) => ({ ...rule, name: `${owner}/${rule.id}` });
  return names.flatMap((owner) => providers[owner].rules.map(named(owner)));
}

/** Join a rule with its class's row of the decision table. */
export function verdictOf(rule, rows, entry) {
  const name = treatedAs(rule.class, Boolean(entry.refresh_token));
  const row = rows.find((candidate) => candidate.class === name);
  return {
    class: name,
    action: row.action,
    scope: rule.scope ?? row.scope,
    cooldown: rule.cooldown ?? row.cooldown,
    readsHint: row.hint,
    hint: null,
  };
}

/** spec: classify.refreshable+2 */
function treatedAs(name, refreshable) {
  if (name === "auth_rejected" && refreshable) return "auth_expired";
  if (name === "auth_expired" && !refreshable) return "auth_rejected";
  return name;
}

function hasStatus(status, wanted) {
  return FAMILY.test(wanted) ? String(status)[0] === wanted[0] : status === wanted;
}

function hasHeader(value, wanted) {
  if (typeof wanted === "boolean") return (value !== undefined) === wanted;
  return value !== undefined && any(wanted, (part) => contains(value, part));
}

/** spec: classify.message-only+2 — the text is the provider's message, the case of A to Z ignored */
function contains(text, part) {
  return small(text).includes(small(part));
}

/** A text with its letters A to Z, and no others, in lower case. */
export function small(text) {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function any(wanted, test) {
  return [wanted].flat().some(test);
}
