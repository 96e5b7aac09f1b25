/**
 * Durations and moments in a text for people: the grammar of the table of hints (spec: cooldowns).
 *
 * Pure: the grammar comes in as data. A zone is the text's or the provider's, and never a guess.
 */
import { moment } from "./forms.mjs";

const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const DAY = 86400;
const OFFSET = /^([+-])(\d\d):(\d\d)$/;

/** Read the terms that a text begins with, in seconds, or null without one. */
export function duration(text, { grammar, units }) {
  let total = null;
  for (let rest = text; ; ) {
    const term = rest.match(new RegExp(grammar.term));
    if (!term || !Object.hasOwn(units, term[2])) return total;
    total = (total ?? 0) + Number(term[1]) * units[term[2]];
    rest = rest.slice(term[0].length);
  }
}

/** Read how many seconds it is until the moment that a text begins with, or null without one. */
export function until(text, { grammar, zones }, zone, clock) {
  const parts = partsOf(text, grammar);
  const east = eastOf(parts, zones, zone);
  const time = timeOf(parts);
  if (east === null || time === null || parts.more) return null; // spec: cooldown.hint.zone+1
  if (!parts.year) {
    const timed = parts.hour || parts.midnight;
    return timed ? (((time - east - clock) % DAY) + DAY) % DAY : null;
  }
  const month = MONTHS.indexOf(parts.month) + 1 || parts.month;
  const day = moment(parts.year, month, parts.day, 0, 0, 0);
  return day === null ? null : day + time - east - clock;
}

/** The parts of a moment, by their names. */
function partsOf(text, grammar) {
  const found = text.match(new RegExp(grammar.moment)) ?? [];
  const told = grammar.groups.map((name, index) => [name, found[index + 1]]);
  return Object.fromEntries(told.filter(([, part]) => part));
}

function timeOf({ hour = "0", minute = "0", second = "0", half }) {
  if (half && (hour < 1 || hour > 12)) return null;
  const hours = half ? (hour % 12) + (half === "p" ? 12 : 0) : Number(hour);
  if (hours > 23 || minute > 59 || second >= 60) return null;
  return hours * 3600 + minute * 60 + Number(second);
}

/** The zone that the text names, or else the provider's, in seconds east of UTC. */
function eastOf({ sign, hours, minutes = "0", zone }, zones, providers) {
  const named = zone && Object.hasOwn(zones, zone) ? zones[zone] : providers;
  const told = sign ? [null, sign, hours, minutes] : named?.match(OFFSET);
  if (!told || told[2] > 23 || told[3] > 59) return null;
  return (told[2] * 3600 + told[3] * 60) * (told[1] === "-" ? -1 : 1);
}
