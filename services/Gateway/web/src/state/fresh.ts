// Counts are answered up to 2 s late (max_stale_ms of their contracts), and an answer may have set out before what this browser did since. So what was
// done here a moment ago is believed over what comes in.

const moment = 4_000;

/** @param at By performance.now. */
export const isFresh = (at: number): boolean => performance.now() - at < moment;
