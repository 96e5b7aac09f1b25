/**
 * Failures that are told inside a success, by an event of a stream or by a JSON body
 * (spec: in-band).
 *
 * Pure: the table of codes comes in as data. The text is all of what was received.
 */
import { readReply, valuesAt } from "./pool/reply.mjs";

const NUMBER_PATHS = ["error.code", "error.status_code", "status_code", "code"];
const FAMILIES = { "4xx": 400, "5xx": 500 };
const UNKNOWN = 500;

/** Give the failing reply that a success says inside, or null if it says none. */
export function refusalIn(reply, providers, provider, codes) {
  const failure = inEvents(reply.text) ?? inBody(parsed(reply.text), providers[provider]?.in_band ?? []);
  if (failure === null) return null;
  const text = JSON.stringify(failure);
  const read = readReply({ status: UNKNOWN, headers: reply.headers, text });
  const rules = [provider, "generic"].flatMap((name) => providers[name]?.rules ?? []);
  return { ...reply, status: statusOf(failure, read.codes, codes, rules), text };
}

function inBody(body, places) {
  if (!isObject(body)) return null;
  if (places.includes("error") && isError(body.error)) return body;
  const code = body.base_resp?.status_code;
  return places.includes("base_resp") && typeof code === "number" && code !== 0 ? body : null;
}

/** The first failure of a stream; an event counts when its blank line has come. */
function inEvents(text) {
  let name = "";
  let data = [];
  for (const line of text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/).slice(0, -1)) {
    const [, key, value] = line.match(/^([^:]*):? ?(.*)$/);
    if (key === "data") data.push(value);
    else if (key === "event") name = value;
    else if (line === "") {
      const failure = data.length > 0 ? inEvent(name, parsed(data.join("\n"))) : null;
      if (failure !== null) return failure;
      [name, data] = ["", []];
    }
  }
  return null;
}

function inEvent(name, data) {
  if (!isObject(data)) return name === "error" ? {} : null;
  const inner = data.response?.error;
  if (data.type === "response.failed" && isError(inner)) return { error: inner };
  return isError(data.error) || [name, data.type].includes("error") ? data : null;
}

/** The status that the provider would have sent: told, known of a code, or none. */
function statusOf(failure, codes, known, rules) {
  const told = NUMBER_PATHS.flatMap((path) => [...valuesAt(failure, path)]).filter(
    (value) => Number.isInteger(value) || (typeof value === "string" && /^\d+$/.test(value)),
  );
  const listed = known.filter(({ code }) => codes.includes(code)).map(({ status }) => status);
  const ruled = rules
    .filter(({ when }) => [when.code ?? []].flat().some((code) => codes.includes(String(code))))
    .map(({ when }) => [when.status ?? UNKNOWN].flat()[0])
    .map((status) => FAMILIES[status] ?? status);
  const found = [...told, ...listed, ...ruled].map(Number);
  return found.find((status) => status >= 400 && status < 600) ?? UNKNOWN;
}

function isError(value) {
  return isObject(value) || (typeof value === "string" && value !== "");
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
