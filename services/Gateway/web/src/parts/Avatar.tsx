import type { User } from "../api/model.ts";

/** The first letter on a colour of the user's own. Says nothing to a screen reader: the name is always beside it. */
export function Avatar({ user, size = "m" }: { user: User; size?: "s" | "m" | "l" | "xl" }) {
  const letter = [...(user.displayName.trim() || user.name)][0]?.toUpperCase() ?? "?";
  return <span class={`avatar ${size}`} style={{ "--hue": String(hueOf(user.id)) }} aria-hidden="true">{letter}</span>;
}

/** Every bit of the id counts: ids of one moment differ in few of them (Fibonacci hashing; the multiplier is 2^64 by the golden ratio). */
function hueOf(id: string): number {
  return Number((BigInt.asUintN(64, BigInt(id) * 0x9e3779b97f4a7c15n) >> 32n) % 360n);
}
