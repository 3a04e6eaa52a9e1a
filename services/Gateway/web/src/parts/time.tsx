const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const dateAndYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
const number = new Intl.NumberFormat(undefined);
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });

export function Ago({ time }: { time: Date }) {
  return <time dateTime={time.toISOString()} title={whole.format(time)}>{ago(time)}</time>;
}

function ago(time: Date): string {
  const seconds = Math.max(0, (Date.now() - time.getTime()) / 1000);
  if (seconds < 60) return "now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  if (seconds < 7 * 86_400) return `${Math.floor(seconds / 86_400)} d`;
  return (time.getFullYear() === new Date().getFullYear() ? date : dateAndYear).format(time);
}

export const counted = (count: bigint, one: string, many: string): string => `${number.format(count)} ${count === 1n ? one : many}`;

export const compact = (count: bigint): string => short.format(count);
