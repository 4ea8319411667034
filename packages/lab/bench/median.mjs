/** The middle of some numbers; of an even count, halfway between the two in the middle. @param {readonly number[]} numbers */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const [low, high] = [Number(sorted[Math.ceil(sorted.length / 2) - 1]), Number(sorted[half])];
  return (low + high) / 2;
}
