import { since, type CachedMethod, type Histogram, type State } from "./state.ts";

const windowSeconds = 60;

/** The states of the last minute, and what came within it. */
export class History {
  #states: { at: number; state: State }[] = [];

  add(state: State): void {
    const at = Date.parse(state.at);
    this.#states.push({ at, state });
    while (this.#states.length > 1 && this.#states[0]!.at < at - windowSeconds * 1000) this.#states.shift();
  }

  get now(): State | null {
    return this.#states.at(-1)?.state ?? null;
  }

  /** Seconds between the oldest state and the newest; 0: there is only one, and what is told is since the start. */
  get seconds(): number {
    return this.#states.length < 2 ? 0 : (this.#states.at(-1)!.at - this.#states[0]!.at) / 1000;
  }

  histogram(now: Histogram, of: (state: State) => Histogram | undefined): Histogram {
    return this.seconds === 0 ? now : since(of(this.#states[0]!.state), now);
  }

  counter(now: number, of: (state: State) => number | undefined): number {
    const before = this.seconds === 0 ? 0 : (of(this.#states[0]!.state) ?? 0);
    return before > now ? now : now - before;
  }

  cache(now: CachedMethod): CachedMethod {
    const find = (state: State) => state.caches.find((cache) => cache.method === now.method);
    return {
      method: now.method,
      l1: this.counter(now.l1, (state) => find(state)?.l1),
      memcached: this.counter(now.memcached, (state) => find(state)?.memcached),
      stale: this.counter(now.stale, (state) => find(state)?.stale),
      filled: this.counter(now.filled, (state) => find(state)?.filled),
      uncached: this.counter(now.uncached, (state) => find(state)?.uncached),
    };
  }
}
