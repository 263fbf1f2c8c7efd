// The covert-channel meter: decoding, statistics, options, report; and the whole of it on a channel that is open on
// purpose and on silence. Random bits come from a seed that failures name. Needs `npm run build`.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Hypervisor } from '../../hypervisor/index.ts';
import { summarise } from '../machine.ts';
import { placementLacks } from '../placement.ts';
import { BenchUsageError } from '../usage.ts';
import { channels, openChannel } from './channels.ts';
import { capacity, learn, read, wilson } from './decode.ts';
import { type ChannelReading, CovertPair } from './meter.ts';
import { parseCovertOptions } from './options.ts';
import { bestOf, type CovertReport, isTrialPassed, reportLines } from './report.ts';

const seed = Date.now() >>> 0;

/** xorshift32, in [0, 1). */
function randomFrom(start: number): () => number {
  let state = start | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const bitsOf = (count: number, random: () => number): boolean[] =>
  Array.from({ length: count }, () => random() < 0.5);

describe(`decoding, seed ${seed}`, () => {
  const random = randomFrom(seed);

  it('reads a clean channel without errors, whichever way it points and however late it is', () => {
    const bits = bitsOf(400, random);
    for (const [one, zero] of [
      [10, 3],
      [3, 10],
    ] as const) {
      for (const late of [0, 1, 2]) {
        const values = bits.map((_, index) => (bits[index - late] === true ? one : zero));
        expect(read(values, bits)).toMatchObject({ errors: 0, capacity: 1, most: 1 });
      }
    }
  });

  it('finds the error rate of a noisy one', () => {
    const bits = bitsOf(20_000, random);
    const values = bits.map((bit) => (bit === random() >= 0.11 ? 1 : 0));
    const reading = read(values, bits);
    expect(reading.errorRate).toBeGreaterThan(0.09);
    expect(reading.errorRate).toBeLessThan(0.13);
    // A binary symmetric channel with 11 % errors carries half a bit.
    expect(reading.least).toBeLessThan(0.5 + 0.1);
    expect(reading.most).toBeGreaterThan(0.5 - 0.1);
  });

  it('reads about nothing from noise, since what it learnt from says nothing of the rest', () => {
    const bits = bitsOf(4000, random);
    const values = bits.map(() => Math.floor(random() * 20));
    expect(read(values, bits).capacity).toBeLessThan(0.02);
  });

  it('learns from what it is given and from nothing else', () => {
    expect(learn([5, 1, 5, 1], [true, false, true, false])).toEqual({
      threshold: 1,
      isOneAbove: true,
      shift: 0,
    });
    expect(
      read([5, 1, 5, 1, 1, 5, 1, 5], [true, false, true, false, true, false, true, false]),
    ).toMatchObject({
      errors: 4,
      capacity: 0,
    });
  });
});

describe('the capacity of a binary symmetric channel', () => {
  it.each([
    [0, 1],
    [0.11, 0.5],
    [0.25, 0.1887],
    [0.5, 0],
    [0.7, 0],
  ])('with error rate %d is %d bits', (rate, bits) => expect(capacity(rate)).toBeCloseTo(bits, 3));

  it('comes with an interval that is never a point, and within 0 and 1', () => {
    expect(wilson(0, 100).low).toBe(0);
    expect(wilson(0, 100).high).toBeCloseTo(0.037, 3);
    expect(wilson(50, 100).low).toBeCloseTo(0.404, 3);
    expect(wilson(100, 100).high).toBeCloseTo(1, 9);
    expect(wilson(100, 100).high).toBeLessThanOrEqual(1);
  });
});

const reading = (part: Partial<ChannelReading>): ChannelReading => ({
  bits: 100,
  errors: 0,
  errorRate: 0,
  capacity: 1,
  least: 1,
  most: 1,
  slotMs: 5,
  rate: 200,
  leastRate: 200,
  mostRate: 200,
  ...part,
});

describe('the report', () => {
  it('lets the meter pass its trial only when it hears what is said and nothing else', () => {
    const silence = reading({ capacity: 0.01 });
    expect(isTrialPassed(reading({}), [silence, silence])).toBe(true);
    expect(isTrialPassed(reading({ capacity: 0.3 }), [silence])).toBe(false);
    expect(isTrialPassed(reading({}), [silence, reading({ capacity: 0.2 })])).toBe(false);
  });

  it('shows the best slot length of each channel with its setting and its range', () => {
    const all = [
      reading({ rate: 3 }),
      reading({ rate: 7, leastRate: 2, mostRate: 11, slotMs: 20, errors: 40 }),
    ];
    const best = bestOf(all);
    const report: CovertReport = {
      machine: {
        ...{ processor: 'P', cores: 2, memoryGib: summarise([24]).median, kernel: '6', engine: 'Node' },
        ...{ qemu: null, loadAverage: 0, date: '2026' },
      },
      slots: 240,
      modulation: [openChannel],
      trial: { open: reading({}), silent: [{ channel: 'load', ...reading({ rate: 0 }) }], isPassed: true },
      channels: [{ channel: 'load', isolation: 'jail', placement: 'free', granularityNs: 100, best, all }],
      skipped: [{ isolation: 'thread', placement: 'apart', granularityNs: 100, reason: 'one process' }],
    };
    const text = reportLines(report).join('\n');
    expect(text).toMatch(/load +jail +free +0\.1 µs +7\.00 \(2\.00–11\.00\) +40\/100 +20 ms/);
    expect(text).toContain('the meter passed its trial');
    expect(text).toContain('not measured: level thread, apart: one process');
  });
});

describe('the options', () => {
  it('are every channel in the usual settings when nothing is said', () => {
    expect(parseCovertOptions([])).toEqual({
      slots: 240,
      channels: ['load', 'steal', 'cache'],
      levels: ['process', 'jail'],
      placements: ['free', 'together'],
      granularitiesNs: [100, 10_000_000],
      isJson: false,
    });
    const words =
      '--channel cache --isolation thread --placement apart --granularity 1000 --slots 100 --json';
    expect(parseCovertOptions(words.split(' '))).toEqual({
      slots: 100,
      channels: ['cache'],
      levels: ['thread'],
      placements: ['apart'],
      granularitiesNs: [1000],
      isJson: true,
    });
    expect(parseCovertOptions(['-h'])).toBe('help');
  });

  it.each([
    [['--slots', '10'], /--slots/],
    [['--slots', '5000'], /--slots/],
    [['--channel', 'ether'], /load, steal, cache/],
    [['--placement', 'near'], /free, together, apart/],
    [['--granularity', '150'], /--granularity/],
    [['load'], /load/],
  ])('%j cannot be meant', (words, message) => {
    expect(() => parseCovertOptions(words)).toThrow(BenchUsageError);
    expect(() => parseCovertOptions(words)).toThrow(message);
  });

  it('say where a placement makes no sense', () => {
    expect(placementLacks('free', 'thread')).toBeUndefined();
    expect(placementLacks('together', 'jail')).toBeUndefined();
    expect(placementLacks('together', 'thread')).toMatch(/one process/);
  });
});

describe('the meter', () => {
  let hypervisor: Hypervisor;
  beforeAll(async () => {
    hypervisor = await Hypervisor.start();
  });
  afterAll(() => hypervisor?.close());

  it('hears a channel that is open on purpose, and next to nothing when nobody sends', async () => {
    await using pair = await CovertPair.start(hypervisor, {
      isolation: 'process',
      placement: 'free',
      granularityNs: 100,
    });
    // Half of these are read; that chance looks like a tenth of a bit is then a matter of more than four deviations.
    const slots = 300;
    const silent = await pair.meter(openChannel, 10, slots, false);
    const open = await pair.meter(openChannel, 10, slots, true);
    expect(silent.capacity).toBeLessThan(0.1);
    expect(open.capacity).toBeGreaterThan(0.5);
    // Every channel has a receiver that answers with a value a slot.
    for (const channel of channels)
      expect((await pair.meter(channel, 1, 100, true)).bits).toBeGreaterThan(45);
  });
});
