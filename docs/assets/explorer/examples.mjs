/**
 * The real replies of the registry, filled in for a moment: `$epoch+60` and its kind become times.
 *
 * Pure: the registry and the time come in.
 */

const PLACEHOLDER = /\$(epoch_ms|epoch|iso|date)([+-]\d+(?:\.\d+)?)?/g;
const ALONE = new RegExp(`^${PLACEHOLDER.source}$`);

const FORMS = {
  epoch: (moment) => Math.trunc(moment),
  epoch_ms: (moment) => Math.trunc(moment * 1000),
  iso: (moment) => new Date(moment * 1000).toISOString().replace(/\.000Z$/, "Z"),
  date: (moment) => new Date(moment * 1000).toUTCString(),
};

/** List a provider's examples and then the generic ones, as `provider/rule`. */
export function examplesOf(providers, provider) {
  const names = [...new Set([provider, "generic"])].filter((name) => Object.hasOwn(providers, name));
  return names.flatMap((owner) =>
    providers[owner].rules.map((rule) => ({ name: `${owner}/${rule.id}`, owner, rule })),
  );
}

/** Find an example by its name, or undefined. */
export function exampleNamed(providers, name) {
  const [owner, id] = name.split("/");
  const rule = Object.hasOwn(providers, owner) && providers[owner].rules.find((one) => one.id === id);
  return rule ? { name, owner, rule } : undefined;
}

/** The colour of a class: what becomes of an entry. */
export function toneOf({ class: name, cooldown }) {
  if (cooldown === "forever") return "dead";
  if (name === "auth_expired") return "refreshed";
  return cooldown === null ? "none" : "cooling";
}

/** Write an example's reply as it would arrive at that time; header names in lower case. */
export function replyOf({ rule: { example } }, now) {
  const { status, headers = {}, body, auth_type: type = null } = example;
  const named = Object.entries(headers).filter(([, value]) => value !== null);
  const filled = named.map(([name, value]) => [name.toLowerCase(), [fill(value, now)].flat().join(", ")]);
  const whole = fill(body ?? "", now);
  const text = typeof whole === "string" ? whole : JSON.stringify(whole, null, 2);
  return { status, headers: Object.fromEntries(filled), text, auth_type: type };
}

/** Fill in the times of a value, however deep; one that is all of a text becomes a number. */
function fill(value, now) {
  if (typeof value === "string") {
    const alone = value.match(ALONE);
    return alone ? moment(alone, now) : value.replace(PLACEHOLDER, (...found) => moment(found, now));
  }
  if (Array.isArray(value)) return value.map((item) => fill(item, now));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, now)]));
}

function moment([, form, offset = "0"], now) {
  return FORMS[form](now + Number(offset));
}
