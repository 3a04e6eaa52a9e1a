// Short messages that come and go by themselves, and what only screen readers are told.

import { Changes, useChanges } from "./changes.ts";

export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly kind: "info" | "error";
  readonly action?: { readonly label: string; readonly run: () => void } | undefined;
}

let ids = 0;
let current: Notice | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
const changes = new Changes();

export function notify(text: string, options: { kind?: Notice["kind"]; action?: Notice["action"] } = {}): void {
  current = { id: ++ids, text, kind: options.kind ?? "info", action: options.action };
  clearTimeout(timer);
  timer = setTimeout(dismiss, options.action ? 10_000 : 5_000);
  changes.happened();
}

export function dismiss(): void {
  current = null;
  changes.happened();
}

export function useNotice(): Notice | null {
  useChanges(changes);
  return current;
}

/** Said by screen readers, not shown. */
export function say(text: string): void {
  const region = document.getElementById("said");
  if (region) region.textContent = text;
}
