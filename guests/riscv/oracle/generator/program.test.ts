// What random programs of a class come to when they run: without it, that all machines agree on them says little.
import { beforeAll, describe, expect, it } from 'vitest';
import { nameAt } from '../compare.ts';
import { HartMachine } from '../hart-machine.ts';
import type { GroupClass } from './context.ts';
import { CHANGING_BASE, FUNCTIONS_BASE } from './memory-layout.ts';
import { generateProgram } from './program.ts';

const PROGRAMS = 12;
const MOST_STEPS = 100_000;
const FIRST_SEED = 9000n;

const pages: Partial<Record<GroupClass, readonly number[]>> = {
  mapping: [CHANGING_BASE, CHANGING_BASE + 0x1000, CHANGING_BASE + 0x2000],
  'self-modifying': [FUNCTIONS_BASE, FUNCTIONS_BASE + 0x1000],
};

const expected: readonly (readonly [GroupClass, groups: number, names: readonly string[]])[] = [
  [
    'call',
    20,
    [
      'jalr call',
      'jalr call by pointer',
      'jalr tail call',
      'jalr to a table',
      'jalr swap',
      'ret',
      'ret as a jump',
      'ret to another',
      'addi skipped',
    ],
  ],
  ['graph', 20, ['jalr in a graph', 'bge', 'jal']],
  [
    'loop',
    40,
    [
      'addi across pages',
      'sfence.vma',
      'ecall',
      'mret',
      'sret',
      'csrrw pmpcfg0',
      'sd mtimecmp',
      'sw to code',
    ],
  ],
  [
    'mapping',
    40,
    [
      'jalr to changing page',
      'sd to page table',
      'sfence.vma',
      'sfence.vma address',
      'sfence.vma address asid',
      'sfence.vma asid',
      'csrrw satp',
      'csrrw sstatus',
    ],
  ],
  [
    'self-modifying',
    40,
    ['sw to code', 'fence.i', 'addi patched', 'jalr to patched code', 'jalr to new code'],
  ],
  ['timer', 200, ['csrrs time', 'csrrw stimecmp', 'sd mtimecmp']],
];

let machine: HartMachine;
beforeAll(async () => {
  machine = await HartMachine.create();
}, 120_000);

/** Runs programs to their ends: names of what was executed, pages in which, and how many came to their end. */
function execute(chosen: GroupClass, groups: number) {
  const [names, visited] = [new Set<string>(), new Set<number>()];
  let ended = 0;
  for (let index = 0n; index < PROGRAMS; index++) {
    const program = generateProgram(FIRST_SEED + index, groups, chosen);
    machine.load(program);
    for (let steps = 0; steps < MOST_STEPS; steps++) {
      const pc = Number(machine.bare.pc);
      if (pc === program.end) {
        ended++;
        break;
      }
      names.add(nameAt(program, pc));
      visited.add(pc - (pc % 4096));
      machine.step();
    }
  }
  return { names, visited, ended };
}

describe('random programs', () => {
  it.each(expected)('of class %s (%d groups) do what they are for, and end', (chosen, groups, wanted) => {
    const { names, visited, ended } = execute(chosen, groups);
    expect(wanted.filter((name) => !names.has(name))).toEqual([]);
    expect((pages[chosen] ?? []).filter((page) => !visited.has(page))).toEqual([]);
    expect(ended).toBeGreaterThanOrEqual(PROGRAMS - 2);
  });

  it('are the same again from the same seed', () => {
    const [one, two] = [generateProgram(9n, 200, 'mixed'), generateProgram(9n, 200, 'mixed')];
    expect(Buffer.compare(one.image, two.image)).toBe(0);
  });
});
