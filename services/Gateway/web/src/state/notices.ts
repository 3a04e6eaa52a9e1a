// Short messages that come and go by themselves, and what only screen readers are told.

import { useEffect, useState } from "preact/hooks";

export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly kind: "info" | "error";
  readonly action?: { readonly label: string; readonly run: () => void } | undefined;
}

let ids = 0;
let current: Notice | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

export function notify(text: string, options: { kind?: Notice["kind"]; action?: Notice["action"] } = {}): void {
  current = { id: ++ids, text, kind: options.kind ?? "info", action: options.action };
  clearTimeout(timer);
  timer = setTimeout(dismiss, options.action ? 10_000 : 5_000);
  for (const listener of listeners) listener();
}

export function dismiss(): void {
  current = null;
  for (const listener of listeners) listener();
}

export function useNotice(): Notice | null {
  const [, draw] = useState(0);
  useEffect(() => {
    const listener = () => draw((count) => count + 1);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }, []);
  return current;
}

/** Said by screen readers, not shown. */
export function say(text: string): void {
  const region = document.getElementById("said");
  if (region) region.textContent = text;
}
