import { useLayoutEffect, useReducer } from "preact/hooks";

/** Of something that components show: whoever changes it says so here. */
export class Changes {
  readonly #listeners = new Set<() => void>();

  happened(): void {
    for (const listener of this.#listeners) listener();
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}

/**
 * Draws the component anew after each change. It listens before anything else can happen: an ordinary effect runs only after the paint, and what
 * changed between the drawing and that would not be shown until the next change.
 */
export function useChanges(changes: Changes): void {
  const [, draw] = useReducer((count: number) => count + 1, 0);
  useLayoutEffect(() => changes.listen(draw as () => void), [changes]);
}
