const few = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });

/** A count as so many a second; as it is where no time is known. */
export const rate = (count: number, seconds: number): string => (seconds === 0 ? whole.format(count) : `${few.format(count / seconds)}/s`);

export const percent = (part: number, all: number): string => (all === 0 ? "–" : `${few.format((100 * part) / all)} %`);

export function milliseconds(seconds: number | null): string {
  if (seconds === null) return "–";
  return seconds >= 1 ? `${few.format(seconds)} s` : `${seconds < 0.01 ? few.format(seconds * 1000) : whole.format(seconds * 1000)} ms`;
}

export function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (count >= 1024 && unit < units.length - 1) {
    count /= 1024;
    unit++;
  }
  return `${(unit === 0 || count >= 100 ? whole : few).format(count)} ${units[unit]}`;
}

export function duration(seconds: number): string {
  if (seconds < 60) return `${whole.format(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}
