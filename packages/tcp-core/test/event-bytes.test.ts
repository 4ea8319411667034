import fc from 'fast-check';
import { expect, it } from 'vitest';
import { eventBytes } from '../src/trace/event-bytes.ts';
import type { LabEvent } from '../src/trace/events.ts';

it('counts an event as long as its JSON is', () => {
  const preview = fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  });
  const whole = fc.integer({ min: -10, max: 2 ** 40 });
  const facts = fc.record({
    preview,
    bytes: whole,
    read: fc.array(whole),
    connections: fc.array(fc.record({ connection: whole, received: fc.record({ calls: whole }) })),
    errno: fc.constantFrom(null, 'ECONNRESET'),
    error: fc.boolean(),
  });
  fc.assert(
    fc.property(facts, (fact) => {
      const json = Buffer.byteLength(JSON.stringify(fact));
      expect(eventBytes(fact as unknown as LabEvent)).toBe(json);
    }),
  );
});
