import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { back, here } from "../router.ts";
import { Icon } from "./Icon.tsx";

let first = true;

/**
 * A screen with its title. Opening one moves the focus to its heading, so that a screen reader says where it is; not on the first, where the
 * browser does, and not where a field asks for the focus itself.
 */
export function Screen({ title, heading = title, parent, hidden = false, wide = false, end, children }: {
  title: string; heading?: ComponentChildren; parent?: string; hidden?: boolean; wide?: boolean; end?: ComponentChildren; children: ComponentChildren;
}) {
  const head = useRef<HTMLHeadingElement>(null);
  const { key } = here();
  useEffect(() => {
    document.title = title === "Home" ? "InstaGrpc" : `${title} · InstaGrpc`;
  }, [title]);
  useEffect(() => {
    if (!first && !document.activeElement?.closest("[data-autofocus]")) head.current?.focus({ preventScroll: true });
    first = false;
  }, [key]);
  return (
    <main id="main" class={wide ? "screen wide" : "screen"}>
      <div class={hidden ? "visually-hidden" : "bar"}>
        {parent !== undefined && (
          <button type="button" class="icon-button" onClick={() => back(parent)}><Icon name="back" /><span class="visually-hidden">Back</span></button>
        )}
        <h1 tabIndex={-1} ref={head}>{heading}</h1>
        {end}
      </div>
      {children}
    </main>
  );
}
