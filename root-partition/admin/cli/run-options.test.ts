import { describe, expect, it } from 'vitest';
import { EscapeKeys } from './escape-keys.ts';
import { describeError, exitStatusOf, exitStatusOfError, RefusedError, UsageError } from './exit-status.ts';
import { ReadyWatch } from './ready-watch.ts';
import { parseDisk, parseInstructions, parseRunOptions } from './run-options.ts';
import { attachTerminal, type TerminalParts } from './terminal.ts';

describe('run options', () => {
  it.each([
    ['disk.img', { path: 'disk.img' }],
    ['disk.img,ro', { path: 'disk.img', isReadOnly: true }],
    ['base.img,overlay=changes', { path: 'base.img', overlay: 'changes' }],
    ['a,,b.img,ro', { path: 'a,b.img', isReadOnly: true }],
  ])('reads the disk %s', (text, disk) => expect(parseDisk(text)).toEqual(disk));

  it.each(['', ',ro', 'disk,rw', 'disk,overlay=', 'disk,ro,overlay=x'])('refuses the disk %j', (text) => {
    expect(() => parseDisk(text)).toThrow(UsageError);
  });

  it.each([
    ['1', 1n],
    ['10k', 10_000n],
    ['25M', 25_000_000n],
    ['2G', 2_000_000_000n],
  ])('reads %s instructions', (text, value) => expect(parseInstructions(text)).toBe(value));

  it.each(['0', '-1', '1.5', 'many', '9999999999999999999', '999999999999G'])(
    'refuses %s instructions',
    (text) => {
      expect(() => parseInstructions(text)).toThrow(UsageError);
    },
  );

  it.each([
    { cpus: '2' },
    { memory: '0' },
    { memory: 'lots' },
    { isolation: 'none' },
    { transport: 'usb' },
    { profile: 'slow' },
    { signature: 'f', signatureGranularity: '2' },
    { signatureGranularity: '8' },
    ...['0ns', '99ns', '150ns', '10', '1.5us', '2s', '1001ms', '-1us', 'fine', '99999999999ns'].map(
      (clockGranularity) => ({ clockGranularity }),
    ),
    { cpuWeight: '0' },
    { cpuWeight: '10001' },
    { cpuCap: 'half' },
    { cpuReserve: '101' },
    { cpuProcessors: '' },
    { cpuProcessors: '1-0' },
    { cpuProcessors: '0,x' },
    { cpuProcessors: '-1' },
    { cpuCap: '20', cpuReserve: '30' },
    { limit: ['io-bytes'] },
    { limit: ['speed=1'] },
    { limit: ['io-bytes=0'] },
    { limit: ['io-bytes=1.5M'] },
  ])('refuses %j and says what it expected', (typed) => {
    expect(() => parseRunOptions(typed)).toThrow(/expected/);
  });
});

describe('the granularity of clocks', () => {
  it.each([
    ['100ns', 100],
    ['10us', 10_000],
    ['16ms', 16_000_000],
    ['1s', 1_000_000_000],
  ])('%s is read', (clockGranularity, ns) => {
    expect(parseRunOptions({ clockGranularity }).clockGranularityNs).toBe(ns);
    expect(parseRunOptions({}).clockGranularityNs).toBeUndefined();
  });
});

describe('shares of the processors', () => {
  it('are read, and absent where none was typed', () => {
    expect(parseRunOptions({}).cpu).toBeUndefined();
    const typed = { cpuWeight: '50', cpuCap: '150', cpuReserve: '20', cpuProcessors: '0,2-4' };
    expect(parseRunOptions(typed).cpu).toEqual({
      weight: 50,
      cap: 150,
      reserve: 20,
      processors: [0, 2, 3, 4],
    });
  });
});

describe('limits', () => {
  it('are read by name, the last one of a name counting', () => {
    const { limits } = parseRunOptions({ limit: ['io-bytes=25M', 'hypercalls=20k', 'io-bytes=7'] });
    expect(limits).toEqual({ ioBytes: 7, hypercalls: 20_000 });
  });
});

describe('exit statuses', () => {
  it('tells the kinds of end apart', () => {
    const kinds = [
      'power-off',
      'guest-failure',
      'limit-reached',
      'machine-fault',
      'trapped',
      'refused',
      'killed',
    ] as const;
    expect(kinds.map((kind) => exitStatusOf({ kind, code: 0, message: '' }))).toEqual([0, 1, 3, 4, 5, 6, 7]);
  });

  it('gives errors of the user, of the world and of our own different ones, in one line', () => {
    expect(exitStatusOfError(new UsageError('x'))).toBe(2);
    expect(exitStatusOfError(new RefusedError('x'))).toBe(6);
    expect(exitStatusOfError(new Error('x'))).toBe(70);
    expect(describeError(new Error('first\n  second'), false)).not.toContain('\n');
  });
});

describe('escape keys', () => {
  const type = (...pieces: string[]) => {
    const keys = new EscapeKeys();
    const typed = pieces.map((piece) => keys.take(Buffer.from(piece, 'latin1')));
    return {
      bytes: Buffer.concat(typed.map(({ bytes }) => bytes)).toString('latin1'),
      commands: typed.flatMap(({ commands }) => commands),
    };
  };

  it('passes everything but its own key', () => {
    expect(type('ls\r\x03\x04')).toEqual({ bytes: 'ls\r\x03\x04', commands: [] });
  });

  it('leaves, helps, and sends Ctrl-A, also when the keys arrive apart', () => {
    expect(type('a\x01', 'xb')).toEqual({ bytes: 'a', commands: ['leave'] });
    expect(type('\x01h')).toEqual({ bytes: '', commands: ['help'] });
    expect(type('\x01\x01')).toEqual({ bytes: '\x01', commands: [] });
    expect(type('\x01q')).toEqual({ bytes: '\x01q', commands: [] });
  });
});

describe('ready watch', () => {
  it('finds the prompt and the script status across pieces', async () => {
    const watch = new ReadyWatch(/box:~# $/);
    for (const piece of ['boot\r\nbo', 'x:~', '# ']) watch.take(Buffer.from(piece));
    await watch.ready;
    for (const piece of ['\r\ncofferdam: run ex', 'ited 3\r\n']) watch.take(Buffer.from(piece));
    expect(watch.scriptStatus).toBe(3);
  });
});

describe('terminal', () => {
  it('is raw while attached and as before afterwards, once', () => {
    const modes: boolean[] = [];
    const emitter = { on: () => emitter, off: () => emitter, resume: () => emitter, pause: () => emitter };
    const parts = {
      input: { ...emitter, setRawMode: (isRaw: boolean) => void modes.push(isRaw) },
      output: { ...emitter, write: () => true, columns: 80, rows: 25 },
      console: { write: () => {} },
      resize: () => Promise.resolve(),
      leave: () => {},
    } as unknown as TerminalParts;
    const listeners = process.listenerCount('exit');
    const detach = attachTerminal(parts);
    expect(modes).toEqual([true]);
    detach();
    detach();
    expect(modes).toEqual([true, false]);
    expect(process.listenerCount('exit')).toBe(listeners);
  });

  it('is given back when the process ends without detaching', () => {
    const modes: boolean[] = [];
    const emitter = { on: () => emitter, off: () => emitter, resume: () => emitter, pause: () => emitter };
    attachTerminal({
      input: { ...emitter, setRawMode: (isRaw: boolean) => void modes.push(isRaw) },
      output: { ...emitter, write: () => true, columns: 80, rows: 25 },
      console: { write: () => {} },
      resize: () => Promise.resolve(),
      leave: () => {},
    } as unknown as TerminalParts);
    const listener = process.listeners('exit').at(-1) as () => void;
    listener();
    expect(modes).toEqual([true, false]);
  });
});
