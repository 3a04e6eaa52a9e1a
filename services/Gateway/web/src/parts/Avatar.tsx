import { useState } from "preact/hooks";
import { avatarUrl, type User } from "../api/model.ts";

/** The user's photo, or the first letter on a colour of the user's own. Says nothing to a screen reader: the name is always beside it. */
export function Avatar({ user, size = "m" }: { user: User; size?: "s" | "m" | "xl" }) {
  const [failed, setFailed] = useState("");
  const letter = [...(user.displayName.trim() || user.name)][0]?.toUpperCase() ?? "?";
  return (
    <span class={`avatar ${size}`} style={{ "--hue": String(hueOf(user.id)) }} aria-hidden="true">
      {user.avatar && failed !== user.avatar
        ? <img src={avatarUrl(user)} alt="" loading="lazy" decoding="async" onError={() => setFailed(user.avatar)} />
        : letter}
    </span>
  );
}

/** Every bit of the id counts: ids of one moment differ in few of them (Fibonacci hashing; the multiplier is 2^64 by the golden ratio). */
function hueOf(id: string): number {
  return Number((BigInt.asUintN(64, BigInt(id) * 0x9e3779b97f4a7c15n) >> 32n) % 360n);
}
