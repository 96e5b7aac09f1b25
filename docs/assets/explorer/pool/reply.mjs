/**
 * What classification and hints read in a failing reply (spec: classification).
 *
 * Pure: no import, no clock, no I/O. It judges nothing; `classify.mjs` and `hints.mjs` do.
 */

/** Where a body names its error; `spec/classification.md` lists the same places. */
const CODE_PATHS = [
  "error.code", "error.type", "error.status", "error.error_type",
  "error.details.error_code", "error.details[].reason",
  "error.metadata.error_type", "error.metadata.limit_source", "error.availability.code",
  "error_type", "detail.code", "detail.error_code", "base_resp.status_code",
];
const FLAT_CODE_PATHS = ["code", "type"];
const MESSAGE_PATHS = ["error.message", "error", "message", "detail", "detail.message", "base_resp.status_msg"];
const JSON_BEGINS = /^\s*[{[]/;
const BARE_NAME = /^[a-z][a-z0-9_]*$/;

/** Read a reply: header names in lower case, the body as text, which may be its beginning alone. */
export function readReply({ status, headers, text, whole = true }) {
  const body = asObject(parse(text));
  const codes = [body, decoded(headers["x-error-json"])].flatMap(codesIn);
  // spec: classify.any-body+2, classify.message-only+2
  const message = body ? messageIn(body) : whole || !JSON_BEGINS.test(text) ? text : "";
  return { status, headers, body, codes, message, quotas: quotasIn(body) };
}

/** Yield every value at a path; `[]` after a key stands for each item of its list. */
export function* valuesAt(value, path) {
  const [key, ...rest] = path.split(".");
  const name = key.replace("[]", "");
  const found = isObject(value) ? value[name] : undefined;
  const items = name === key ? [found] : Array.isArray(found) ? found : [];
  for (const item of items) {
    if (rest.length > 0) yield* valuesAt(item, rest.join("."));
    else if (item !== undefined && item !== null) yield item;
  }
}

function codesIn(body) {
  if (!body) return [];
  const paths = isObject(body.error) ? CODE_PATHS : [...CODE_PATHS, ...FLAT_CODE_PATHS];
  const found = paths.flatMap((path) => [...valuesAt(body, path)]);
  if (BARE_NAME.test(body.error)) found.push(body.error);
  return found.filter((code) => ["string", "number"].includes(typeof code)).map(String);
}

function messageIn(body) {
  const found = MESSAGE_PATHS.flatMap((path) => [...valuesAt(body, path)]);
  return found.find((text) => typeof text === "string") ?? "";
}

function quotasIn(body) {
  const paths = ["error.details[].violations[].quotaId", "error.details[].metadata.quota_limit"];
  const found = paths.flatMap((path) => [...valuesAt(body, path)]);
  return found.filter((quota) => typeof quota === "string");
}

/** A body that is a list is read as its first object. */
function asObject(value) {
  const found = Array.isArray(value) ? value.find(isObject) : value;
  return isObject(found) ? found : null;
}

function decoded(header) {
  if (header === undefined) return null;
  try {
    return asObject(JSON.parse(atob(header)));
  } catch {
    return null; // what cannot be read says nothing
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // spec: classify.any-body+2
  }
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
