/**
 * When a reply says that its limit ends: the table of hints, read by row (spec: cooldowns).
 *
 * Pure: the table comes in as data. How long a cooldown then lasts is `rules.mjs`.
 */
import { small } from "./classify.mjs";
import { decimal, FORMS, httpDate, largest } from "./forms.mjs";
import { valuesAt } from "./reply.mjs";
import { duration, until } from "./texts.mjs";

const MIDNIGHT = "midnight ";
const BETWEEN_VALUES = /,(?! *\d\d[ -][A-Z][a-z]{2}[ -])/; // not the comma within a date
const HOUR = 3600;
const DAY = 86400;

/** How the state of a spent window looks, by the name of the condition. */
const SPENT = {
  at_most: (state, bound) => decimal(state) !== null && decimal(state) <= bound,
  at_least: (state, bound) => decimal(state) !== null && decimal(state) >= bound,
  is: (state, word) => state === word,
};

/** Where a row looks: `(row, reply, clock, words, zone) => seconds or null`. */
const PLACES = {
  header: (row, reply, clock) =>
    row.windows
      ? readWindows(row, reply.headers, clock)
      : readHeader(row, reply.headers[row.name], clock),
  body: (row, reply, clock) =>
    first([...valuesAt(reply.body, row.path)], (value) => read(row, value, clock)),
  text: (row, reply, clock, words, zone) => readText(row, reply.message, clock, words, zone),
};

/**
 * Read the hint that counts, in seconds from now; null if there is none.
 * `wanted` is the rule's own word: absent (all rows), "none", a list of rows, or a calendar;
 * `zone` is the provider's, for moments in its texts.
 * spec: cooldown.hint.forms+2, cooldown.hint.lies+2
 */
export function readHint(table, wanted, reply, now, zone) {
  const { rows } = table;
  // spec: cooldown.skew+2 — moments are counted from the provider's clock, where it shows one
  const clock = httpDate(reply.headers.date) ?? now;
  if (wanted === "none") return null;
  if (wanted?.calendar) return nextInCalendar(wanted.calendar, clock) - clock;
  const chosen = wanted ? wanted.map((id) => rows.find((row) => row.id === id)) : rows;
  return first(chosen, (row) => PLACES[row.where](row, reply, clock, table, zone));
}

function read(row, value, clock) {
  if (value === undefined) return null;
  return first(row.form, (form) => FORMS[form](value, clock));
}

/** Of several values in a header the longest. */
function readHeader(row, value, clock) {
  const whole = read(row, value, clock);
  if (whole !== null || value === undefined || row.form.includes("structured")) return whole;
  return largest(value.split(BETWEEN_VALUES).map((part) => read(row, part, clock)));
}

function readWindows(row, headers, clock) {
  const [[condition, bound]] = Object.entries(row.spent);
  const windows = row.windows.flatMap((window) => windowsOf(window, row.except ?? [], headers));
  const spent = windows.filter(({ state }) => SPENT[condition](headers[state], bound));
  const open = row.otherwise === "largest" ? windows : [];
  const chosen = spent.length > 0 ? spent : open;
  return largest(chosen.map(({ reset }) => readHeader(row, headers[reset], clock)));
}

/** Where a `*` stands for a word, one window for each word. spec: cooldown.hint.windows+1 */
function windowsOf({ reset, state }, except, headers) {
  if (!reset.includes("*")) return [{ reset, state }];
  const [before, behind] = reset.split("*");
  const fitting = Object.keys(headers).filter(
    (name) => name.startsWith(before) && name.endsWith(behind) && name.length >= reset.length,
  );
  const words = fitting.map((name) => name.slice(before.length, name.length - behind.length));
  return words
    .filter((word) => !word.includes("-") && !except.includes(word))
    .map((word) => ({ reset: reset.replace("*", word), state: state.replace("*", word) }));
}

/** The first duration or moment that stands where the pattern looks. spec: cooldown.hint.text+1 */
function readText(row, message, clock, words, zone) {
  // case is ignored in what was found, too
  const found = [...message.matchAll(new RegExp(row.pattern, "gi"))].map(([, text]) => small(text));
  return first(found, (text) => duration(text, words) ?? until(text, words, zone, clock));
}

/** The next midnight in a zone, or the first of next month in UTC, in seconds since the epoch. */
function nextInCalendar(name, clock) {
  if (name.startsWith(MIDNIGHT)) return nextMidnight(name.slice(MIDNIGHT.length), clock);
  const date = new Date(clock * 1000);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1) / 1000;
}

/** In every zone the date changes on a full quarter of an hour: find the first with a new date. */
function nextMidnight(zone, clock) {
  const dayOf = new Intl.DateTimeFormat("en-CA", { timeZone: zone });
  const today = dayOf.format(clock * 1000);
  const step = HOUR / 4;
  let moment = Math.floor(clock / step) * step + step;
  while (dayOf.format(moment * 1000) === today && moment < clock + 2 * DAY) moment += step;
  return moment;
}

function first(values, reader) {
  for (const value of values) {
    const found = reader(value);
    if (found !== null) return found;
  }
  return null;
}
