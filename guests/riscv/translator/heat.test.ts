// What becomes of hot places that share an entry of the heat table (heat.ts), on a machine whose places are chosen so.
import { beforeEach, describe, expect, it } from 'vitest';
import { BareMachine } from '../machine/testing/bare-host.ts';
import * as e from '../oracle/generator/encoding.ts';
import { isUnit, slotIn, slotOf } from './testing/slots.ts';

const BASE = 0x8000_0000;
const HEAT = 60_000;
/** Pages that hold the places; before them lies the page that they are come to from. */
const PAGES = 12;
/** No register that calls are told by. */
const LINK = 7;
/** Of the first, no unit can be made. */
const [FENCE_I, ADDI] = [0x100f, e.addi(5, 5, 1)];

let machine: BareMachine;
beforeEach(async () => {
  machine = await BareMachine.create();
}, 120_000);

const entryOf = (slot: number): number => Math.imul(slot >>> 3, 0x9e3779b1) >>> 19;

/** Addresses of as many places, in pages of their own, that share an entry with the first. */
function colliding(count: number): number[] {
  const places = [BASE + 0x1000 + 64];
  const entry = entryOf(slotIn(1, 64));
  for (let page = 2; page <= PAGES && places.length < count; page++) {
    const offset = Array.from({ length: 900 }, (_, index) => 64 + 4 * index).find(
      (offset) => entryOf(slotIn(page, offset)) === entry,
    );
    if (offset !== undefined) places.push(BASE + page * 4096 + offset);
  }
  expect(places.length).toBe(count);
  return places;
}

/** Makes a program that runs each place's instructions in turn, for ever; from each a unit leads to the next. */
function inTurn(places: readonly number[], instructions: (place: number) => readonly number[]): void {
  const first = BASE + 0x100;
  // So that pages are decoded in their order, which their slots' addresses follow from.
  const pages = Array.from({ length: PAGES }, (_, index) => BASE + (index + 1) * 4096);
  for (const [index, page] of pages.entries()) {
    machine.loadWords(BigInt(BASE + 4 * index), [e.jal(LINK, page - BASE - 4 * index)]);
    machine.loadWords(BigInt(page), [e.jalr(0, LINK, 0)]);
  }
  machine.loadWords(BigInt(BASE + 4 * PAGES), [e.jal(0, first - BASE - 4 * PAGES)]);
  const units = places.map((place, index) => e.jal(LINK, place - first - 4 * index));
  machine.loadWords(BigInt(first), [...units, e.jal(0, -4 * places.length)]);
  for (const place of places) machine.loadWords(BigInt(place), [...instructions(place), e.jalr(0, LINK, 0)]);
  machine.reset(BigInt(BASE), { mode: 3 });
  for (let index = 0; index <= places.length; index++) {
    machine.pc = BigInt(first + 4 * index);
    machine.exports.translateHere();
  }
  machine.pc = BigInt(BASE);
  machine.translateFrom(HEAT);
}

const run = (): string => machine.run(6_000_000);

describe('places that share an entry', () => {
  // Long regions have to be hotter, and are looked at twice.
  it.each([1, 60, 100])(
    'are all translated when they are equally hot, with %i instructions each',
    (count) => {
      const places = colliding(3);
      inTurn(places, () => Array.from({ length: count }, () => ADDI));
      run();
      expect(places.map((place) => entryOf(slotOf(machine, place)))).toEqual(
        places.map(() => entryOf(slotOf(machine, places[0]!))),
      );
      expect(places.map((place) => isUnit(machine, place))).toEqual([true, true, true]);
    },
  );

  it('do not keep others from being translated when nothing can be made of them', () => {
    const [hopeless, place] = colliding(2) as [number, number];
    inTurn([hopeless, place, hopeless], (at) => [at === hopeless ? FENCE_I : ADDI]);
    run();
    expect([hopeless, place].map((each) => isUnit(machine, each))).toEqual([false, true]);
  });
});

it('translates what was hopeless before it was written anew', () => {
  const [place] = colliding(1) as [number];
  inTurn([place], () => [FENCE_I]);
  run();
  expect(isUnit(machine, place)).toBe(false);
  machine.loadWords(BigInt(place), [ADDI]);
  run();
  expect(isUnit(machine, place)).toBe(true);
});
