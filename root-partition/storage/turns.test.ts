import { describe, expect, it } from 'vitest';
import { Turns } from './turns.ts';

describe('turns', () => {
  it('start at most so many requests at a time, the others in order as turns end', () => {
    const turns = new Turns(2);
    const started: number[] = [];
    for (let index = 0; index < 5; index++) turns.begin(() => started.push(index));
    expect(started).toEqual([0, 1]);
    turns.end();
    expect(started).toEqual([0, 1, 2]);
    turns.end();
    turns.end();
    turns.end();
    turns.end();
    expect(started).toEqual([0, 1, 2, 3, 4]);
    turns.begin(() => started.push(5));
    expect(started.at(-1)).toBe(5);
  });

  it('go through any number of requests that end at once without using the stack up', () => {
    const turns = new Turns(1);
    let ended = 0;
    turns.begin(() => {});
    for (let index = 0; index < 20_000; index++) {
      turns.begin(() => {
        ended++;
        turns.end();
      });
    }
    expect(ended).toBe(0);
    turns.end();
    expect(ended).toBe(20_000);
  });
});
