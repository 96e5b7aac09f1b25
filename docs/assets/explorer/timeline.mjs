/** A run as a picture: a lane for each entry, a column for each thing that happened. */
import { s } from "./dom.mjs";
import { clockTime, duration } from "./times.mjs";

const COLUMN = 54;
const LANE = 44;
const TOP = 42;
const LEFT = 10;
const DOT = 15;

/** Draw the columns of a run; the text of it all is in the log. */
export function timeline({ columns, lines }, entries) {
  const width = LEFT + columns.length * COLUMN + 12;
  const height = TOP + entries.length * LANE + 8;
  const lanes = Object.fromEntries(entries.map(({ id }, index) => [id, TOP + index * LANE + LANE / 2]));
  const last = columns.at(-1);
  const label = `Timeline of ${columns.length - 1} steps, ending at ${clockTime(last.at)}; ${lines.length} lines of the log say the same.`;
  return s("svg", { class: "x-timeline", role: "img", "aria-label": label, width, height, viewBox: `0 0 ${width} ${height}` },
    callsOf(columns, height),
    entries.map(({ id }) => laneOf(id, lanes[id], columns)),
    columns.map((column, index) => markOf(column, xOf(index), lanes, height)),
    linksOf(columns, lanes),
    columns.map((column, index) => dotOf(column, xOf(index), lanes)),
  );
}

function xOf(index) {
  return LEFT + index * COLUMN + COLUMN / 2;
}

/** A bar for each stretch of steps after which the entry is in one state. */
function laneOf(id, y, columns) {
  const states = columns.map((column) => column.states[id].state);
  const starts = states.flatMap((state, index) => (state === states[index - 1] ? [] : [index]));
  return starts.map((start, number) => {
    const end = starts[number + 1] ?? columns.length;
    const [tone, thick] = [states[start], states[start] === "available" ? 4 : 12];
    const place = { x: xOf(start), y: y - thick / 2, width: (end - start) * COLUMN, height: thick };
    return s("rect", { "data-tone": tone, class: `x-bar x-${tone}`, ...place });
  });
}

/** A band behind the columns of one call, with its number. */
function callsOf(columns, height) {
  const numbers = [...new Set(columns.map(({ call }) => call).filter(Boolean))];
  return numbers.map((number) => {
    const of = columns.flatMap(({ call }, index) => (call === number ? [index] : []));
    const x = xOf(of[0]) - COLUMN / 2 + 2;
    const width = xOf(of.at(-1)) - xOf(of[0]) + COLUMN - 4;
    return [
      s("rect", { class: "x-band", x, y: 2, width, height: height - 4, rx: 6 }),
      s("text", { class: "x-small", x: x + 7, y: 17 }, width > 80 ? `call ${number}` : `${number}`),
    ];
  });
}

/** A moment at which the clock moved. */
function markOf({ kind, seconds, at }, x, lanes, height) {
  if (kind === "start") return s("text", { class: "x-small", x: LEFT, y: 33 }, clockTime(at).slice(0, 9));
  if (kind === "nothing") return s("text", { class: "x-small", x, y: 33, "text-anchor": "middle" }, "nobody");
  if (kind !== "clock" && kind !== "wait") return [];
  return [
    s("line", { class: "x-clock", x1: x, x2: x, y1: 38, y2: height - 6 }),
    s("text", { class: "x-small", x, y: 33, "text-anchor": "middle" }, `+${duration(seconds)}`),
  ];
}

/** What leads from one attempt of a call to the next. */
function linksOf(columns, lanes) {
  return columns.flatMap((column, index) => {
    const next = columns.slice(index + 1).find(({ entry }) => entry);
    if (!column.entry || !column.call || next?.call !== column.call) return [];
    const [x, y] = [xOf(index), lanes[column.entry]];
    const [x2, y2] = [xOf(columns.indexOf(next)), lanes[next.entry]];
    return s("path", { class: "x-link", d: `M${x} ${y} C ${x + 24} ${y}, ${x2 - 24} ${y2}, ${x2} ${y2}` });
  });
}

function dotOf({ kind, entry, status, class: name, tone: of }, x, lanes) {
  if (!entry) return [];
  const [tone, words] = {
    attempt: [toneOf(name), status === null ? "—" : String(status)],
    refresh: [of, "↻"],
    revive: ["available", "✓"],
  }[kind];
  return s("g", { "data-tone": tone, class: "x-dot" },
    s("circle", { cx: x, cy: lanes[entry], r: DOT }),
    s("text", { x, y: lanes[entry] + 3.6, "text-anchor": "middle" }, words));
}

function toneOf(name) {
  if (name === "ok") return "available";
  if (name === "auth_revoked") return "dead";
  const healthy = [null, "overloaded", "server_error", "request_error", "forbidden"];
  return healthy.includes(name) ? "none" : name === "auth_expired" ? "refreshed" : "cooling";
}
