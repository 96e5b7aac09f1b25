/**
 * The state of the page in its address, behind the `#`: readable, and never sent to a server.
 *
 * Pure. `explain/openai/rate-limit`, or
 * `simulate?provider=openai&strategy=fill_first&entry=work,metered,0,&do=reply:a:openai/rate-limit,send`.
 */

const MOST_ENTRIES = 8;
const MOST_STEPS = 500;
export const PAYERS = ["metered", "subscription", "free", "unknown"];
export const TYPES = ["api_key", "oauth"];

export function simulationAddress({ provider, strategy, first, entries, steps }) {
  const parts = [["provider", provider], ["strategy", strategy]];
  if (first !== "retry") parts.push(["first", first]);
  for (const entry of entries) {
    const { id, label, payer, priority, owner, type } = entry;
    parts.push(["entry", [id, label, payer, priority, owner, type].map(escaped).join(",")]);
  }
  if (steps.length > 0) parts.push(["do", steps.map((step) => step.map(escaped).join(":")).join(",")]);
  return `simulate?${parts.map(([name, value]) => `${name}=${value}`).join("&")}`;
}

/** Read an address; what it does not say, or says wrongly, is left out. */
export function simulationAt(query) {
  const found = { entries: [], steps: [] };
  for (const part of query.split("&")) {
    const [name, value = ""] = part.split(/=(.*)/s);
    if (name === "entry") found.entries.push(entryOf(value.split(",").map(plain)));
    else if (name === "do") found.steps = value.split(",").filter(Boolean).slice(0, MOST_STEPS).map(stepOf);
    else if (["provider", "strategy", "first"].includes(name)) found[name] = plain(value);
  }
  const ids = found.entries.map(({ id }) => id);
  const entries = found.entries.filter(({ id }, index) => id && ids.indexOf(id) === index);
  return { ...found, entries: entries.slice(0, MOST_ENTRIES) };
}

function entryOf([id, label, payer, priority, owner = "", type]) {
  return {
    id: /^[a-z]$/.test(id) ? id : "",
    label: label || id,
    payer: PAYERS.includes(payer) ? payer : PAYERS[0],
    priority: Number.parseInt(priority, 10) || 0,
    owner,
    type: TYPES.includes(type) ? type : TYPES[0],
  };
}

function stepOf(text) {
  const [name, first, ...rest] = text.split(":").map(plain);
  if (name === "wait") return [name, Math.min(Math.max(Number(first) || 0, 0), 366 * 86400)];
  return [name, first, ...rest].filter((part) => part !== undefined);
}

function escaped(value) {
  return encodeURIComponent(value).replace(/%2F/g, "/");
}

function plain(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

/** A pasted reply as an address, for a link that its reader asks for. */
export function pastedAddress(pasted) {
  const bytes = new TextEncoder().encode(JSON.stringify(pasted));
  const text = btoa(String.fromCharCode(...bytes));
  return `explain?${text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}

export function pastedAt(query) {
  try {
    const text = atob(query.replaceAll("-", "+").replaceAll("_", "/"));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (sign) => sign.charCodeAt(0))));
  } catch {
    return null;
  }
}
