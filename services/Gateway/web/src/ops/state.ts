// What /ops/state.json tells: counters since the start of each process, summed over the mesh where a label names them. The page makes rates and
// quantiles of the last minute by subtraction, so that the server keeps no window of its own.

export interface State {
  /** When it was made, ISO 8601. */
  readonly at: string;
  readonly processes: readonly Process[];
  readonly caches: readonly CachedMethod[];
  readonly streams: readonly Stream[];
  readonly methods: readonly Method[];
}

export interface Process {
  /** host:port */
  readonly name: string;
  readonly roles: readonly string[];
  readonly health: "ready" | "not ready" | "unreachable";
  /** Why it is not ready; empty otherwise. */
  readonly detail: string;
  readonly uptimeSeconds: number;
  readonly memoryBytes: number;
}

/** insta_cache_reads_total of a method, by level. */
export interface CachedMethod {
  readonly method: string;
  readonly l1: number;
  readonly memcached: number;
  readonly stale: number;
  readonly filled: number;
  readonly uncached: number;
}

/** A node's change stream. */
export interface Stream {
  readonly node: string;
  readonly streaming: boolean;
  /** insta_changes_lag_bytes */
  readonly lagBytes: number;
  readonly records: number;
  readonly failures: number;
  /** insta_changes_publish_delay_seconds */
  readonly delay: Histogram;
  /** insta_projector_delay_seconds */
  readonly projectorDelay: Histogram;
}

/** insta_rpc_duration_seconds of a method that is no stream. */
export interface Method {
  readonly method: string;
  /** Calls that ended neither with OK nor because their caller went away. */
  readonly errors: number;
  readonly duration: Histogram;
}

export interface Histogram {
  /** Upper bounds in seconds, ascending, without the last, which is infinite. */
  readonly bounds: readonly number[];
  /** In each bucket alone, one more than bounds. */
  readonly counts: readonly number[];
  readonly sum: number;
}

export const total = (histogram: Histogram): number => histogram.counts.reduce((sum, count) => sum + count, 0);

/** What came between; all of it after a restart, when counters begin anew. */
export function since(before: Histogram | undefined, now: Histogram): Histogram {
  if (before === undefined || total(before) > total(now)) return now;
  return { ...now, counts: now.counts.map((count, index) => Math.max(0, count - (before.counts[index] ?? 0))), sum: now.sum - before.sum };
}

/** Linear within the bucket, as Prometheus does; null of nothing. */
export function quantile(histogram: Histogram, fraction: number): number | null {
  const all = total(histogram);
  if (all === 0) return null;
  let rank = fraction * all;
  for (const [index, count] of histogram.counts.entries()) {
    if (rank <= count && count > 0) {
      const low = index === 0 ? 0 : histogram.bounds[index - 1]!;
      const high = histogram.bounds[index] ?? low;
      return low + (high - low) * (rank / count);
    }
    rank -= count;
  }
  return histogram.bounds.at(-1) ?? null;
}
