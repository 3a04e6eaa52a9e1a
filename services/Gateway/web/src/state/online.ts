import { useLayoutEffect, useState } from "preact/hooks";

/** Whether the browser believes that it has a network. */
export function useOnline(): boolean {
  const [online, setOnline] = useState(navigator.onLine);
  useLayoutEffect(() => {
    const listener = () => setOnline(navigator.onLine);
    addEventListener("online", listener);
    addEventListener("offline", listener);
    return () => {
      removeEventListener("online", listener);
      removeEventListener("offline", listener);
    };
  }, []);
  return online;
}
