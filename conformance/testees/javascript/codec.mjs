/**
 * `auth.json`, version 1: the document around a pool's rows, and what a row stands for
 * (spec: storage).
 *
 * Pure: text and objects in, values out, and back; `store.mjs` reads and writes.
 * A row keeps what it has: only what has changed in an entry is written into it.
 */
import { bare } from "./usable.mjs";

const VERSION = 1;
const MILLISECONDS_FROM = 1e12;
const OFFSET = /(?:[Zz]|[+-]\d{2}:?\d{2})$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
/** What a row that names no class has failed with, and how long that lasts by itself. */
const BY_CODE = {
  401: { class: "auth_rejected", lasts: 300 },
  402: { class: "out_of_credit", lasts: 86400 },
  403: { class: "forbidden", lasts: 3600 },
};
const BY_REASON = { usage_limit_reached: "usage_limited", insufficient_quota: "out_of_credit" };
const OTHERWISE = { class: "rate_limited", lasts: 3600 };

/** A file that cannot be read as a pool; `code` is the testee protocol's. */
export class Refused extends Error {
  constructor(message, code = "store_unreadable") {
    super(message);
    this.code = code;
  }
}

/** Read a document and its pool's rows. spec: store.absent-is-empty+2, store.unreadable-refused+2 */
export function decode(text, key) {
  const document = parse(text.replace(/^\uFEFF/, "")); // spec: store.byte-order-mark+2
  expect(isObject(document), "the document is not an object");
  const { version = VERSION } = document;
  expect(Number.isInteger(version ?? VERSION), "`version` is no whole number");
  if (version > VERSION) {
    // spec: store.unreadable-refused+2
    const what = `version ${version} is newer than ${VERSION}: upgrade this program`;
    throw new Refused(what, "store_too_new");
  }
  const pools = document.credential_pool ?? {};
  expect(isObject(pools), "`credential_pool` is not an object");
  const rows = pools[key] ?? [];
  expect(Array.isArray(rows) && rows.every(isObject), `the pool ${key} is not a list of rows`);
  const entries = rows.map((row, place) => entryOf(row, `${key}-${place}`));
  const ids = new Set(entries.map(({ id }) => id));
  expect(ids.size === entries.length, `two rows of the pool ${key} have one id`);
  return { document, entries };
}

/** Write a document with these entries in its pool. spec: store.unknown-fields+3 */
export function encode(document, key, entries, now) {
  const pools = { ...document.credential_pool, [key]: entries.map(rowOf) };
  const updated_at = new Date(now * 1000).toISOString();
  const whole = { ...document, version: VERSION, updated_at, credential_pool: pools };
  return `${JSON.stringify(whole, null, 1)}\n`;
}

/** The entry that a row stands for. spec: store.id.derived+2, store.foreign-status+3 */
function entryOf(row, place) {
  const { id, label, auth_type, priority, source, claim } = row;
  const ends = [row.expires_at, row.expires_at_ms && row.expires_at_ms / 1000].map(seconds);
  const known = ends.filter((moment) => moment !== null);
  return {
    id: id ?? place,
    label: label ?? "",
    auth_type: auth_type ?? "api_key",
    priority: priority ?? 0,
    source: source ?? "manual",
    secret: bare(row.access_token) || null,
    refresh_token: row.refresh_token || null,
    expires_at: known.length > 0 ? Math.max(...known) : null,
    base_url: bare(row.base_url) || null,
    token_url: row.token_url ?? null,
    owner: row.owner ?? null,
    learnt_owner: row.learnt_owner ?? null,
    request_count: row.request_count ?? 0,
    marked: row.retry_pending ?? false,
    probed_at: seconds(row.probed_at),
    claim: claim ? { holder: claim.holder, until: seconds(claim.until) } : null,
    refresh_failed_at: seconds(row.refresh_failed_at),
    disabled: row.disabled === true,
    cooldown: cooldownOf(row),
    models: modelsOf(row),
    row,
  };
}

function cooldownOf(row) {
  const [since, reset] = [seconds(row.last_status_at), seconds(row.last_error_reset_at)];
  const code = row.last_error_code ?? null;
  const usual = BY_CODE[code] ?? OTHERWISE;
  const about = { since: since ?? 0, code, reason: row.last_error_reason ?? null };
  if (row.last_status === "dead") {
    return { ...about, class: row.failure_class ?? "auth_revoked", until: null };
  }
  if (row.last_status !== "exhausted" || (since === null && reset === null)) return null;
  const name = row.failure_class ?? BY_REASON[about.reason] ?? usual.class;
  return { ...about, class: name, until: reset ?? since + usual.lasts };
}

/** The models' cooldowns in our form; another program's form is left in the row. */
function modelsOf({ model_cooldowns: kept }) {
  const ours = Object.entries(kept ?? {}).filter(([, value]) => typeof value?.class === "string");
  const moments = ({ since, until }) => ({ since: seconds(since) ?? 0, until: seconds(until) });
  return Object.fromEntries(ours.map(([model, told]) => [model, { ...told, ...moments(told) }]));
}

/** The row of an entry: as it was, except for what has changed. spec: store.unknown-fields+3 */
export function rowOf(entry) {
  const row = entry.row ?? {};
  const before = entry.row ? entryOf(entry.row, entry.id) : {};
  const changed = Object.entries(FIELDS)
    .filter(([name]) => JSON.stringify(entry[name]) !== JSON.stringify(before[name]))
    .map(([, write]) => write(entry, row));
  return Object.assign({ ...row, id: entry.id }, ...changed);
}

/** What is written of each part of an entry. */
const FIELDS = {
  label: ({ label }) => ({ label }),
  auth_type: ({ auth_type }) => ({ auth_type }),
  priority: ({ priority }) => ({ priority }),
  source: ({ source }) => ({ source: source ?? "manual" }),
  secret: ({ secret }) => ({ access_token: secret }),
  refresh_token: ({ refresh_token }) => ({ refresh_token }),
  expires_at: ({ expires_at: at }, row) =>
    row.expires_at ? { expires_at: isoDate(at) } : { expires_at_ms: at && Math.floor(at * 1000) },
  base_url: ({ base_url }) => ({ base_url }),
  token_url: ({ token_url }) => ({ token_url: token_url ?? null }),
  owner: ({ owner }) => ({ owner }),
  learnt_owner: ({ learnt_owner }) => ({ learnt_owner: learnt_owner ?? null }),
  request_count: ({ request_count }) => ({ request_count }),
  marked: ({ marked }) => ({ retry_pending: marked }),
  probed_at: ({ probed_at }) => ({ probed_at }),
  claim: ({ claim }) => ({ claim }),
  refresh_failed_at: ({ refresh_failed_at }) => ({ refresh_failed_at }),
  cooldown: ({ cooldown }) => statusOf(cooldown),
  models: ({ models }, row) => ({ model_cooldowns: { ...foreignOf(row), ...models } }),
};

function statusOf(cooldown) {
  const dead = cooldown !== null && cooldown.until === null;
  return {
    last_status: cooldown === null ? "ok" : dead ? "dead" : "exhausted",
    last_status_at: cooldown?.since ?? null,
    last_error_code: cooldown?.code ?? null,
    last_error_reason: cooldown?.reason ?? null,
    last_error_message: null, // none is kept, so none can hold a secret: store.message-redacted
    last_error_reset_at: cooldown?.until ?? null,
    failure_class: cooldown?.class ?? null,
  };
}

function foreignOf({ model_cooldowns: kept }) {
  const theirs = Object.entries(kept ?? {}).filter(([, value]) => typeof value?.class !== "string");
  return Object.fromEntries(theirs);
}

/** A moment in seconds since the epoch, or null. spec: store.moments+2 */
function seconds(value) {
  if (typeof value === "number") return value > MILLISECONDS_FROM ? value / 1000 : value;
  if (typeof value !== "string" || value === "") return null;
  const offset = OFFSET.test(value) || DATE.test(value) ? "" : "Z";
  const moment = Date.parse(value + offset);
  return Number.isNaN(moment) ? null : moment / 1000;
}

function isoDate(moment) {
  return moment === null ? null : new Date(moment * 1000).toISOString();
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused("not JSON: correct it, or move it away"); // the error would quote the file
  }
}

/** spec: store.unreadable-refused+2 */
function expect(holds, what) {
  if (!holds) throw new Refused(`${what}: correct it, or move it away`);
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
