/** Random choices that are the same for the same seed. */

export class Random {
  #state;

  /** @param {number} seed @param {number} [stream] another sequence of the same seed */
  constructor(seed, stream = 0) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)) | 0;
    this.next();
  }

  /** From 0 to below 1 (mulberry32). */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to below `limit`. @param {number} limit */
  below(limit) {
    return Math.floor(this.next() * limit);
  }

  /** @param {number} probability */
  chance(probability) {
    return this.next() < probability;
  }

  /** @template T @param {readonly T[]} choices @returns {T} */
  of(choices) {
    const choice = choices[this.below(choices.length)];
    if (choice === undefined) throw new RangeError('nothing to choose from');
    return choice;
  }

  /** @param {number} length */
  bytes(length) {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  /** A copy with some bytes changed, left out, doubled or put in. @param {Buffer} bytes */
  mutated(bytes) {
    let result = bytes;
    for (let changes = 1 + this.below(4); changes > 0; changes--) {
      const at = this.below(result.length + 1);
      const [head, tail] = [result.subarray(0, at), result.subarray(at)];
      const some = tail.subarray(0, 1 + this.below(8));
      result = Buffer.concat(
        this.of([
          () => [head, this.bytes(1 + this.below(8)), tail],
          () => [head, tail.subarray(some.length)],
          () => [head, some, some, tail],
          () => [head, this.bytes(some.length), tail.subarray(some.length)],
          () => [head, Buffer.alloc(1 + this.below(300), some.length > 0 ? some : 0), tail],
        ])(),
      );
    }
    return result;
  }

  /** Cut at random places; all of it in order. @param {Buffer} bytes */
  cut(bytes) {
    const parts = [];
    for (let at = 0; at < bytes.length;) {
      const length = 1 + this.below(this.of([2, 16, 4096, bytes.length]));
      parts.push(bytes.subarray(at, at + length));
      at += length;
    }
    return parts;
  }
}
