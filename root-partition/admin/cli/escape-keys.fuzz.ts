// Fuzz target `terminal`: what is typed at a guest's console, and what the guest writes to it, however it is cut.

import { READY_PATTERN, RUN_EXITED_TEXT } from '../../../guests/images/init-script.ts';
import type { FuzzRandom } from '../../../hypervisor/testing/fuzz/fuzz-random.ts';
import { type FuzzSession, type FuzzTarget, must } from '../../../hypervisor/testing/fuzz/fuzz-target.ts';
import { EscapeKeys } from './escape-keys.ts';
import { ReadyWatch } from './ready-watch.ts';

const KEYS = [1, 1, 0x78, 0x58, 0x68, 0x3f, 0x61, 0, 0xff, 0x0a];
const TEXTS = [
  'cofferdam:',
  '/# ',
  '\n',
  '\r\n',
  `${RUN_EXITED_TEXT} `,
  `\n${RUN_EXITED_TEXT} 3\n`,
  `\r${RUN_EXITED_TEXT} 25`,
  '0',
  '7',
  '255',
  '4000',
  '\x1b[6n',
  '\xff',
  'x'.repeat(700),
];

function pieces(random: FuzzRandom, bytes: Buffer): Buffer[] {
  const cut: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + random.below(random.pick([3, 2000]));
    cut.push(bytes.subarray(at, at + length));
    at += length;
  }
  return cut;
}

class TerminalSession implements FuzzSession {
  readonly outcomes = { left: 0, 'went on': 0, 'script ended': 0, 'no script ended': 0 };

  runCase(random: FuzzRandom): void {
    if (random.below(2) === 0) this.#type(random);
    else this.#watch(random);
  }

  #type(random: FuzzRandom): void {
    const typed = Buffer.from(Array.from({ length: random.below(12) }, () => random.pick(KEYS)));
    random.note(`typed ${typed.toString('hex')}`);
    const whole = new EscapeKeys().take(typed);
    const keys = new EscapeKeys();
    const [bytes, commands]: [Buffer[], string[]] = [[], []];
    for (const piece of pieces(random, typed)) {
      const taken = keys.take(piece);
      bytes.push(taken.bytes);
      commands.push(...taken.commands);
      if (taken.commands.includes('leave')) break;
    }
    must(Buffer.concat(bytes).equals(whole.bytes), 'other bytes when they come in pieces');
    must(commands.join() === whole.commands.join(), 'other commands when they come in pieces');
    must(whole.bytes.length <= typed.length, 'more bytes than were typed');
    this.outcomes[commands.includes('leave') ? 'left' : 'went on']++;
  }

  #watch(random: FuzzRandom): void {
    const written = Buffer.from(
      Array.from({ length: random.below(12) }, () => random.pick(TEXTS)).join(''),
      'latin1',
    );
    random.note(JSON.stringify(written.toString('latin1')));
    const watch = new ReadyWatch(new RegExp(READY_PATTERN));
    for (const piece of pieces(random, written)) watch.take(piece);
    const { scriptStatus } = watch;
    const isStatus =
      scriptStatus === undefined ||
      (Number.isInteger(scriptStatus) && scriptStatus >= 0 && scriptStatus < 1000);
    must(isStatus, () => `a script's status of ${scriptStatus}`);
    const last = [
      ...written.toString('latin1').matchAll(new RegExp(`${RUN_EXITED_TEXT} (\\d{1,3})[\\r\\n]`, 'g')),
    ].at(-1)?.[1];
    must(scriptStatus === undefined || last !== undefined, () => `the status ${scriptStatus} of no script`);
    this.outcomes[scriptStatus === undefined ? 'no script ended' : 'script ended']++;
  }
}

export const target: FuzzTarget = {
  name: 'terminal',
  about:
    'Keys and console output: the same however they are cut, and a script has a status only when one was said.',
  decoders: ['root-partition/admin/cli/escape-keys.ts', 'root-partition/admin/cli/ready-watch.ts'],
  casesInTests: 2000,
  plantedBugs: [
    {
      name: 'an escape key at the end of what came is forgotten',
      file: 'root-partition/admin/cli/escape-keys.ts',
      from: 'const bytes: number[] = [];',
      to: 'const bytes: number[] = []; this.#isEscaped = false;',
      within: 500,
    },
    {
      name: 'a status may still be coming',
      file: 'root-partition/admin/cli/ready-watch.ts',
      from: '(?=[\\\\r\\\\n])',
      to: '',
      within: 3000,
    },
  ],
  start: () => new TerminalSession(),
};
