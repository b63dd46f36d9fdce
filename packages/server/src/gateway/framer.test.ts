import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Framer } from './framer.ts';
import { message } from './wire.ts';

/** What a framer hands on, with pieces put together again. */
function read(chunks: readonly Buffer[], longest = 10_000_000): { messages: string[]; pieces: number } {
  const messages: string[] = [];
  let pieces = 0;
  let open: Buffer[] = [];
  const framer = new Framer(
    { longest: () => longest, streamed: (type) => type === 0x44 },
    {
      message: (_type, bytes, start, end) => void messages.push(bytes.toString('hex', start, end)),
      piece: (_type, bytes, start, end, place) => {
        if (place.first) open = [];
        pieces += 1;
        open.push(Buffer.from(bytes.subarray(start, end)));
        if (!place.last) return;
        const whole = Buffer.concat(open);
        expect(whole.length).toBe(place.length);
        messages.push(whole.toString('hex'));
      },
    },
  );
  for (const chunk of chunks) framer.push(chunk);
  return { messages, pieces };
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((left, right) => left - right);
  return [0, ...sorted].map((from, index) => bytes.subarray(from, sorted[index] ?? bytes.length));
}

describe('the framer', () => {
  it('finds the same messages however the stream is cut', () => {
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.integer({ min: 60_000, max: 200_000 }).map((length) => new Uint8Array(length).fill(length % 251)),
    );
    const wire = fc.array(fc.tuple(fc.constantFrom(0x44, 0x51, 0x5a), body), { maxLength: 6 });
    fc.assert(
      fc.property(wire, fc.array(fc.nat(2_000_000), { maxLength: 30 }), (parts, places) => {
        const sent = parts.map(([type, bytes]) => message(type, bytes));
        const found = read(cut(Buffer.concat(sent), places)).messages;
        expect(found).toEqual(sent.map((bytes) => bytes.toString('hex')));
      }),
      { numRuns: 200 },
    );
  });

  it('finds them byte by byte', () => {
    const sent = [message(0x51, 'select 1\0'), message(0x53), message(0x44, Buffer.alloc(70_000, 7))];
    const bytes = Buffer.concat(sent);
    expect(read(Array.from(bytes, (byte) => Buffer.of(byte))).messages).toEqual(sent.map((one) => one.toString('hex')));
  });

  it('hands a large row on in pieces and gathers a small one', () => {
    const small = message(0x44, Buffer.alloc(1000));
    const large = message(0x44, Buffer.alloc(1_000_000));
    expect(read([small.subarray(0, 500), small.subarray(500)]).pieces).toBe(0);
    expect(read([large.subarray(0, 500), large.subarray(500)]).pieces).toBe(2);
    const query = message(0x51, Buffer.alloc(1_000_000));
    expect(read([query.subarray(0, 500), query.subarray(500)]).pieces).toBe(0);
  });

  it.each([0, 3, 10_001, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1])(
    'refuses a length of %d as soon as the header is complete',
    (length) => {
      const header = Buffer.from([0x51, 0, 0, 0, 0]);
      header.writeUInt32BE(length, 1);
      expect(() => read([header], 10_000)).toThrow(/length/);
      expect(() => read([header.subarray(0, 2), header.subarray(2)], 10_000)).toThrow(/length/);
    },
  );

  it('takes the least and the greatest length', () => {
    expect(read([message(0x51)], 10).messages.length).toBe(1);
    expect(read([message(0x51, Buffer.alloc(6))], 10).messages.length).toBe(1);
    expect(() => read([message(0x51, Buffer.alloc(7))], 10)).toThrow(/at most|the most/);
  });

  it('keeps memory by what came, not by what was claimed', () => {
    const header = Buffer.from([0x51, 0x03, 0xff, 0xff, 0xff]);
    const before = process.memoryUsage().arrayBuffers;
    const framer = new Framer(
      { longest: () => 64 * 1024 * 1024, streamed: () => false },
      { message: () => undefined, piece: () => undefined },
    );
    framer.push(header);
    for (let sent = 0; sent < 1000; sent += 1) framer.push(Buffer.of(1));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });

  it('refuses a type that may not come', () => {
    const framer = new Framer(
      { longest: () => 0, streamed: () => false },
      { message: () => undefined, piece: () => undefined },
    );
    expect(() => framer.push(message(0x46))).toThrow(/0x46/);
  });
});
