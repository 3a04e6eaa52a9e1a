// Addresses and the browser's history. Plain <a href="/..."> are followed within the page; back and forward show lists where they were.

import { Changes, useChanges } from "./state/changes.ts";

interface Place {
  readonly path: string;
  readonly search: URLSearchParams;
  /** Different for each step of the history. */
  readonly key: string;
  /** Come back to, not opened anew. */
  readonly returned: boolean;
}

interface Step {
  readonly key: string;
  readonly scroll: number;
}

const changes = new Changes();
let keys = 0;
let place = placeNow(false);

history.scrollRestoration = "manual";

function placeNow(returned: boolean): Place {
  const key = (history.state as Step | null)?.key ?? `first${keys++}`;
  return { path: location.pathname, search: new URLSearchParams(location.search), key, returned };
}

export const here = (): Place => place;

export function navigate(to: string, options: { replace?: boolean } = {}): void {
  const step: Step = { key: `${Date.now()}.${keys++}`, scroll: 0 };
  if (options.replace) history.replaceState(step, "", to);
  else {
    history.replaceState({ key: place.key, scroll: scrollY } satisfies Step, "");
    history.pushState(step, "", to);
  }
  place = placeNow(false);
  changes.happened();
  if (!options.replace) scrollTo(0, 0);
}

/** One step back, or to a place to go to where this is the first. */
export function back(otherwise: string): void {
  if (place.key.startsWith("first")) navigate(otherwise, { replace: true });
  else history.back();
}

addEventListener("popstate", (event) => {
  place = placeNow(true);
  changes.happened();
  const scroll = (event.state as Step | null)?.scroll ?? 0;
  // After the screen has been drawn from what is kept.
  requestAnimationFrame(() => requestAnimationFrame(() => scrollTo(0, scroll)));
});

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest?.("a");
  if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin || /^\/(ops|media)\b/.test(link.pathname)) return;
  event.preventDefault();
  navigate(link.pathname + link.search);
});

export function usePlace(): Place {
  useChanges(changes);
  return place;
}
