// A list that comes in pages, kept while the app runs, so that going back shows it as it was.

import { useEffect } from "preact/hooks";
import { faultOf, isAbort, type Fault } from "../api/errors.ts";
import { onSession } from "../api/session.ts";
import { here } from "../router.ts";
import { Changes, useChanges } from "./changes.ts";

export interface Page<T> {
  readonly items: readonly T[];
  /** Empty: the last one. */
  readonly next: string;
}

export class Pages<T extends { readonly id: string }> {
  items: readonly T[] = [];
  /** Whether a first page has come. */
  loaded = false;
  loading = false;
  fault: Fault | null = null;
  #next = "";
  #run = new AbortController();
  /** Made since the page on its way was asked for. */
  #edits: ((items: readonly T[]) => readonly T[])[] = [];
  readonly changes = new Changes();
  readonly #load: (token: string, signal: AbortSignal) => Promise<Page<T>>;

  constructor(load: (token: string, signal: AbortSignal) => Promise<Page<T>>) {
    this.#load = load;
  }

  get ended(): boolean {
    return this.loaded && this.#next === "";
  }

  /** The first page again; what is shown stays until it has come. */
  refresh(): Promise<void> {
    this.#run.abort();
    return this.#fetch("");
  }

  more(): Promise<void> {
    if (this.loading || this.ended) return Promise.resolve();
    return this.#fetch(this.loaded ? this.#next : "");
  }

  retry(): Promise<void> {
    return this.loaded ? this.more() : this.refresh();
  }

  /**
   * Changes what is shown, without asking. A page that is on its way now was read before the change or after it, nobody knows: the change is
   * made once more on what it brings, so it must find nothing to do where it was made already.
   */
  change(edit: (items: readonly T[]) => readonly T[]): void {
    this.items = edit(this.items);
    if (this.loading) this.#edits.push(edit);
    this.changes.happened();
  }

  async #fetch(token: string): Promise<void> {
    const run = (this.#run = new AbortController());
    this.loading = true;
    this.#edits = [];
    this.fault = null;
    this.changes.happened();
    try {
      const page = await this.#load(token, run.signal);
      if (run.signal.aborted) return;
      const known = new Set(token === "" ? [] : this.items.map((item) => item.id));
      const items = [...(token === "" ? [] : this.items), ...page.items.filter((item) => !known.has(item.id))];
      this.items = this.#edits.reduce<readonly T[]>((shown, edit) => edit(shown), items);
      this.#next = page.next;
      this.loaded = true;
    } catch (reason) {
      if (run.signal.aborted || isAbort(reason, run.signal)) return;
      this.fault = faultOf(reason);
    } finally {
      if (run === this.#run) {
        this.loading = false;
        this.changes.happened();
      }
    }
  }
}

const kept = new Map<string, Pages<{ readonly id: string }>>();
onSession(() => kept.clear());

/** How many lists are kept; the one not opened for longest goes first. */
const most = 20;

/**
 * The list of this key, loaded when it is new here.
 * @param fresh Whether its first page is asked for again although it is there: it was opened anew, not come back to.
 */
export function usePages<T extends { readonly id: string }>(
  key: string, fresh: boolean, load: (token: string, signal: AbortSignal) => Promise<Page<T>>,
): Pages<T> {
  const pages = (kept.get(key) as Pages<T> | undefined) ?? new Pages<T>(load);
  kept.delete(key);
  kept.set(key, pages as unknown as Pages<{ readonly id: string }>);
  if (kept.size > most) kept.delete(kept.keys().next().value!);
  useChanges(pages.changes);
  useEffect(() => {
    if (!pages.loading && (!pages.loaded || fresh)) void pages.refresh();
    // Each step of the history anew: opening a screen where one already is asks for what is new.
  }, [pages, here().key]);
  return pages;
}
