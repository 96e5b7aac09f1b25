/** Durations and moments as people read them. Pure. */

const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
const CLOCK = new Intl.DateTimeFormat("en-GB", {
  weekday: "short", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: "UTC",
});
const LOCAL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** Write a duration with its two largest units: `1 h 30 min`. */
export function duration(seconds) {
  const whole = Math.round(seconds);
  if (whole < 1) return seconds <= 0 ? "0 s" : `${Number(seconds.toPrecision(2))} s`;
  const first = UNITS.findIndex(([, length]) => whole >= length);
  let rest = whole;
  const parts = UNITS.slice(first, first + 2).map(([unit, length]) => {
    const count = Math.floor(rest / length);
    rest -= count * length;
    return count > 0 ? `${count} ${unit}` : null;
  });
  return parts.filter(Boolean).join(" ");
}

/** A moment of the simulation: `Mon 09:00:00`. */
export function clockTime(moment) {
  return CLOCK.format(moment * 1000).replace(",", "");
}

/** A moment by the reader's own clock. */
export function localTime(moment) {
  return LOCAL.format(moment * 1000);
}
