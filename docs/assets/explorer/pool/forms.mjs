/**
 * The forms in which a hint is written: text or a number in, seconds from now out
 * (spec: cooldowns).
 *
 * Pure, and without imports. Every form gives null for what it cannot read.
 * `clock` is the provider's time in seconds since the epoch, from which moments are counted.
 */

const NUMBER = /^[+-]?\d+(?:\.\d+)?$/;
const GO_DURATION = /^([+-]?)((?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+)$/;
const GO_UNITS = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };
const PROTOBUF_DURATION = /^([+-]?\d+(?:\.\d+)?)s$/;
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const TIME = String.raw`(?<hour>\d{2}):(?<minute>\d{2}):(?<second>\d{2})`;
const MONTH = "(?<month>[A-Z][a-z]{2})";
const HTTP_DATES = [
  String.raw`[A-Z][a-z]{2}, (?<day>\d{2}) ${MONTH} (?<year>\d{4}) ${TIME} GMT`,
  String.raw`[A-Z][a-z]+, (?<day>\d{2})-${MONTH}-(?<year>\d{2}) ${TIME} GMT`,
  String.raw`[A-Z][a-z]{2} ${MONTH} (?<day>[ \d]\d) ${TIME} (?<year>\d{4})`,
].map((form) => new RegExp(`^${form}$`));
const RFC3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2}(?:\.\d+)?)(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;
// a list of RFC 9651, as far as RateLimit needs it
const STRING = String.raw`"(?:[^"\\]|\\["\\])*"`;
const TOKEN = String.raw`[A-Za-z*][\w!#$%&'*+.^\x60|~:/-]*`;
const KEY = String.raw`;\s*([a-z*][\w.*-]*)`;
const VALUE = String.raw`=(${STRING}|[^\s;,"]+)`;
const PARAMETERS = `((?:${KEY}(?:${VALUE})?)*)`;
const ITEM = new RegExp(String.raw`\s*(?:${STRING}|${TOKEN})${PARAMETERS}\s*(?:,|$)`, "y");
const PARAMETER = new RegExp(KEY + VALUE, "g");

const FIRST_EPOCH = 1e9;
const FIRST_EPOCH_MS = 1e12;

/** By name: `(value, clock) => seconds or null`. */
export const FORMS = {
  seconds: (value) => decimal(value),
  milliseconds: (value) => scaled(decimal(value), 1e-3),
  "http-date": (value, clock) => since(httpDate(value), clock),
  rfc3339: (value, clock) => since(rfc3339(value), clock),
  epoch: (value, clock) => since(within(decimal(value), FIRST_EPOCH, FIRST_EPOCH_MS), clock),
  "epoch-ms": (value, clock) => since(milliseconds(value), clock),
  magnitude: (value, clock) =>
    FORMS["epoch-ms"](value, clock) ??
    FORMS.epoch(value, clock) ??
    within(decimal(value), -Infinity, FIRST_EPOCH),
  "go-duration": (value) => goDuration(value),
  "protobuf-duration": (value) => decimal(text(value).match(PROTOBUF_DURATION)?.[1]),
  structured: (value) => structured(text(value)),
};

/** Read a decimal number; NaN, Infinity, exponents, words and truth values are none. */
export function decimal(value) {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  return NUMBER.test(text(value)) ? Number(value) : null;
}

/** Read a date of RFC 9110 as seconds since the epoch, in any of its three forms. */
export function httpDate(value) {
  const found = HTTP_DATES.map((form) => text(value).match(form)).find(Boolean)?.groups;
  if (!found) return null;
  const { day, month, year, hour, minute, second } = found;
  const whole = year.length > 2 ? year : (year < 69 ? "20" : "19") + year;
  return moment(whole, MONTHS.indexOf(month) + 1, day, hour, minute, second);
}

function rfc3339(value) {
  const found = text(value).match(RFC3339);
  if (!found) return null;
  const [, year, month, day, hour, minute, second, sign, ...zone] = found;
  const [hours, minutes] = zone.map((part) => Number(part ?? 0));
  if (hours > 23 || minutes > 59) return null;
  const offset = (sign === "-" ? -60 : 60) * (hours * 60 + minutes);
  const local = moment(year, month, day, hour, minute, second);
  return local === null ? null : local - offset;
}

/** Seconds since the epoch of a moment in UTC, or null if the calendar does not have it. */
export function moment(year, month, day, hour, minute, second) {
  const whole = Math.trunc(second);
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute));
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === Number(day);
  if (!exists || hour > 23 || minute > 59 || whole > 60) return null;
  return date.getTime() / 1000 + Number(second);
}

function goDuration(value) {
  const [, sign, parts] = text(value).match(GO_DURATION) ?? [];
  if (parts === undefined) return null;
  const terms = parts.matchAll(/([\d.]+)([a-zµ]+)/g);
  const total = [...terms].reduce((sum, [, number, unit]) => sum + number * GO_UNITS[unit], 0);
  return sign === "-" ? -total : total;
}

/** The largest `t` of the items whose `r` is 0, else of all; a malformed list is no hint at all. */
function structured(value) {
  const items = [];
  for (ITEM.lastIndex = 0; ITEM.lastIndex < value.length; ) {
    const found = ITEM.exec(value);
    if (!found) return null;
    const parameters = [...found[1].matchAll(PARAMETER)];
    items.push(Object.fromEntries(parameters.map(([, key, part]) => [key, decimal(part)])));
  }
  const spent = items.filter((item) => item.r === 0);
  const times = (spent.length > 0 ? spent : items).map((item) => item.t ?? null);
  return largest(times);
}

/** The largest readable number of a list, or null. */
export function largest(values) {
  const readable = values.filter((value) => value !== null);
  return readable.length > 0 ? Math.max(...readable) : null;
}

function milliseconds(value) {
  return scaled(within(decimal(value), FIRST_EPOCH_MS, Infinity), 1e-3);
}

function within(number, from, below) {
  return number !== null && number >= from && number < below ? number : null;
}

function scaled(number, factor) {
  return number === null ? null : number * factor;
}

function since(instant, clock) {
  return instant === null || instant === undefined ? null : instant - clock;
}

function text(value) {
  return typeof value === "string" ? value.trim() : "";
}
