import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Fault } from "../api/errors.ts";
import type { Pages } from "../state/pages.ts";
import { Icon, type IconName } from "./Icon.tsx";

/** The end of a list: asks for the next page when it comes near, and always has a button that does the same. */
export function ListEnd<T extends { readonly id: string }>({ pages, what }: { pages: Pages<T>; what: string }) {
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting) && pages.loaded && pages.fault === null) void pages.more();
      },
      { rootMargin: "800px 0px" },
    );
    if (end.current) observer.observe(end.current);
    return () => observer.disconnect();
    // A page that did not fill the screen: look again.
  }, [pages, pages.items.length, pages.ended]);
  if (pages.fault && pages.loaded) return <Failure fault={pages.fault} retry={() => void pages.retry()} />;
  if (!pages.loaded || pages.ended) return null;
  return (
    <div class="list-end" ref={end}>
      <button type="button" class="button quiet" disabled={pages.loading} onClick={() => void pages.more()}>
        {pages.loading ? "Loading…" : `More ${what}`}
      </button>
    </div>
  );
}

export function Failure({ fault, retry }: { fault: Fault; retry?: () => void }) {
  return (
    <div class="empty" role="alert">
      <Icon name={fault.kind === "offline" ? "offline" : "close"} />
      <p>{fault.message}</p>
      {retry && fault.kind !== "missing" && <button type="button" class="button" onClick={retry}>Try again</button>}
    </div>
  );
}

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Grey shapes where a list will be. */
export function Bones({ kind, count }: { kind: "post" | "row" | "tile"; count: number }) {
  return (
    <div class={`bones ${kind}s`} aria-hidden="true">
      {Array.from({ length: count }, (_, index) => <div key={index} class={`bone bone-${kind}`}><i /><i /><i /></div>)}
    </div>
  );
}
