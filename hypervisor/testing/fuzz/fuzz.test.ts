// The fuzzer itself: reproducible cases, small findings, cases that do not come back, and the command. What it finds in
// its targets: targets.test.ts.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CaseRunner } from './case-runner.ts';
import { FuzzRandom } from './fuzz-random.ts';
import { runFuzz } from './fuzz-run.ts';
import type { FuzzSession } from './fuzz-target.ts';
import { shrink } from './shrink.ts';
import { top } from './targets.ts';

describe('the streams of choices', () => {
  const draw = (seed: number, caseNumber: number): number[] => {
    const random = new FuzzRandom();
    random.start(seed, caseNumber);
    return Array.from({ length: 8 }, () => random.next());
  };

  it('are the same for the same case, and others for any other', () => {
    expect(draw(1, 2)).toEqual(draw(1, 2));
    const firsts = [draw(1, 3), draw(2, 2), draw(2 ** 32 + 1, 2), draw(1, 2 ** 32 + 2), draw(0, 0)];
    for (const other of firsts) expect(other).not.toEqual(draw(1, 2));
    const many = new Set(Array.from({ length: 100_000 }, (_, number) => draw(7, number).join()));
    expect(many.size).toBe(100_000);
  });

  it('come again from what was recorded', () => {
    const random = new FuzzRandom();
    random.startTraced(3, 4);
    const drawn = [random.below(10), random.word(), random.pick(['a', 'b', 'c']), [...random.bytes(20)]];
    const { choices } = random;
    random.replay(choices);
    expect([random.below(10), random.word(), random.pick(['a', 'b', 'c']), [...random.bytes(20)]]).toEqual(
      drawn,
    );
    random.replay([]);
    expect([random.below(10), random.oneIn(2), random.bytes(9).length]).toEqual([0, false, 0]);
  });
});

/** Fails once the cases since the reset add up to 100 and one of them drew 7. */
class SumSession implements FuzzSession {
  readonly outcomes = {};
  readonly casesPerBatch = 64;
  #sum = 0;
  #hasSeven = false;

  reset(): void {
    this.#sum = 0;
    this.#hasSeven = false;
  }

  runCase(random: FuzzRandom): void {
    const number = random.below(20);
    this.#sum += number;
    if (number === 7) this.#hasSeven = true;
    if (this.#hasSeven && this.#sum >= 100) throw new Error(`sum ${this.#sum}`);
  }
}

describe('a failure', () => {
  it('is made as small as it gets, over cases and what they draw', async () => {
    const runner = new CaseRunner(new SumSession(), 1);
    const failed = await runner.run(0, 64, () => {});
    const recorded = await runner.record(0, failed?.caseNumber ?? 0);
    const smallest = await shrink(
      recorded,
      async (cases) => (await runner.replay(cases)).message !== undefined,
    );
    const { message } = await runner.replay(smallest);
    expect(smallest.length).toBeLessThanOrEqual(12);
    expect(message).toMatch(/^threw Error: sum 100/);
  });
});

describe('a target that goes wrong', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cofferdam-fuzz-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs a target whose cases do what the text says, at case 5. */
  const run = (body: string, looks: number) => {
    const file = join(folder, `${body.length}.fuzz.ts`);
    writeFileSync(
      file,
      `let n = 0;
       export const target = { name: 't', start: () => ({ outcomes: {}, runCase() { if (n++ === 5) { ${body} } } }) };`,
    );
    return runFuzz({ file: relative(top, file), seed: 1, cases: 10, looks });
  };

  it('by an endless loop is ended, and the case named', async () => {
    const { finding } = await run('for (;;) {}', 4);
    expect(finding).toMatchObject({ caseNumber: 5, message: expect.stringContaining('did not come back') });
  });

  it('by taking all memory is ended, and the case named', async () => {
    const { finding } = await run('const all = []; for (;;) all.push(new Array(1e6).fill(0.5));', 200);
    expect(finding).toMatchObject({ caseNumber: 5, message: expect.stringContaining('of memory') });
  });

  it('by a promise that is never kept is ended, and the case named', async () => {
    const { finding } = await run('return new Promise(() => { setInterval(() => {}, 1000); });', 4);
    expect(finding).toMatchObject({ caseNumber: 5, message: expect.stringContaining('did not come back') });
  });
});

describe('the command', () => {
  const fuzz = (...args: string[]) =>
    spawnSync(process.execPath, ['--no-warnings', join(top, 'hypervisor/testing/fuzz/main.ts'), ...args], {
      encoding: 'utf8',
    });

  it('lists, helps, and says what is wrong with its arguments', () => {
    expect(fuzz('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('examples:') });
    expect(fuzz('--list').stdout).toContain('hypercalls\n');
    for (const [wrong, message] of [
      [[], '--target'],
      [['--target', 'nothing'], 'hypercalls'],
      [['--target', 'hypercalls', '--cases', '-1'], '--cases'],
      [['--target', 'hypercalls', '--minutes', 'x'], '--minutes'],
      [['--target', 'hypercalls', '--plant', 'x'], '--plant'],
      [['--speed', '1'], '--speed'],
    ] as [string[], string][]) {
      expect(fuzz(...wrong)).toMatchObject({
        status: 2,
        stdout: '',
        stderr: expect.stringContaining(message),
      });
    }
  });

  it('ends on Ctrl-C with what it has', async () => {
    const main = join(top, 'hypervisor/testing/fuzz/main.ts');
    const command = spawn(process.execPath, [
      '--no-warnings',
      main,
      '--target',
      'channel-rings',
      '--minutes',
      '9',
    ]);
    let printed = '';
    command.stdout.on('data', (text) => {
      printed += text;
    });
    await once(command.stderr, 'data');
    command.kill('SIGINT');
    const [status] = await once(command, 'close');
    expect([status, printed]).toEqual([0, expect.stringMatching(/^channel-rings: [\d,]+ cases of seed/)]);
  });

  it('gives counts, or a finding that is there again', () => {
    const good = fuzz('--target', 'channel-rings', '--seed', '1', '--cases', '100', '--json');
    expect(good.status).toBe(0);
    expect(JSON.parse(good.stdout)).toMatchObject({ target: 'channel-rings', seed: 1, cases: 100 });
    const planted = [
      '--target',
      'channel-rings',
      '--plant',
      'indices may lie outside of the ring',
      '--seed',
      '1',
    ];
    const bad = fuzz(...planted, '--cases', '10000');
    expect(bad.status).toBe(1);
    const caseNumber = /--case (\d+)/.exec(bad.stdout)?.[1] as string;
    expect(fuzz(...planted, '--case', caseNumber)).toMatchObject({
      status: 1,
      stdout: expect.stringContaining(`case ${caseNumber}: `),
    });
  });
});
