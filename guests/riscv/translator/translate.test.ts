// Which places become units besides the one that is hot (translate.ts).
import { expect, it } from 'vitest';
import { BareMachine } from '../machine/testing/bare-host.ts';
import * as e from '../oracle/generator/encoding.ts';
import { isUnit } from './testing/slots.ts';

const START = 0x8000_0100;

it('makes a unit of each loop around one that is hot', async () => {
  const machine = await BareMachine.create();
  // Three loops, one in the other; the innermost is nearly all of the time.
  const [outer, middle, inner] = [START, START + 4, START + 8];
  machine.reset(BigInt(START), { mode: 3 });
  machine.loadWords(BigInt(START), [
    e.addi(5, 0, 3),
    e.addi(6, 0, 400),
    e.addi(7, 7, 1),
    e.addi(6, 6, -1),
    e.bne(6, 0, -8),
    e.addi(5, 5, -1),
    e.bne(5, 0, -20),
    e.jal(0, -28),
  ]);
  machine.translateFrom(2000);
  // A look at the devices now and then, or the interpreter would not come back to begin in the innermost.
  while (!isUnit(machine, inner) && machine.retired < 100_000n) machine.run(97);
  expect([outer, middle, inner].map((place) => isUnit(machine, place))).toEqual([true, true, true]);
  expect(machine.x(7) % 400n).not.toBe(0n);
}, 120_000);
