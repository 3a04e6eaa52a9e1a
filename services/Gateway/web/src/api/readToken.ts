// Read your own writes: a write's trailer tells up to where its node's log has gone (insta-lsn: node=timeline/high/low, ...), and reads that
// carry it back see the write. The newest of each node is kept.

interface Position {
  readonly timeline: number;
  readonly lsn: bigint;
  readonly text: string;
}

export class ReadToken {
  readonly #positions = new Map<string, Position>();

  constructor(text = "") {
    this.merge(text);
  }

  /** Takes what is newer in a received token; parts that it does not understand are left out. */
  merge(text: string): void {
    for (const part of text.split(",")) {
      const [node, position] = part.trim().split("=");
      const [timeline, high, low] = position?.split("/") ?? [];
      if (!node || !timeline || !high || !low || !/^\d+$/.test(timeline) || !/^[0-9a-f]{1,8}$/i.test(high) || !/^[0-9a-f]{1,8}$/i.test(low)) continue;
      const found = { timeline: Number(timeline), lsn: (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`), text: `${node}=${position}` };
      const known = this.#positions.get(node);
      if (known === undefined || found.timeline > known.timeline || (found.timeline === known.timeline && found.lsn > known.lsn)) {
        this.#positions.set(node, found);
      }
    }
  }

  /** As it is sent; empty where nothing was written. */
  toString(): string {
    return [...this.#positions.values()].map((position) => position.text).join(",");
  }
}
