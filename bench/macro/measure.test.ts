import { describe, expect, it } from 'vitest';
import { Interrupted, untilAborted } from '../interruption.ts';
import { Progress } from '../progress.ts';
import { lastLine, runOn, type Terminal } from './guest-shell.ts';
import { alternate, oneOutput, ResultsDiffer } from './measure.ts';

/** A shell that answers each line with what `answer` makes of it, behind the line's echo. */
function terminalOf(answer: (line: string) => string): Terminal {
  let text = '';
  return {
    write: (line) => {
      text += `${line.replace('\n', '\r\n')}${answer(line)}`;
    },
    waitFor: (pattern) => {
      const match = text.match(pattern);
      if (match === null) return Promise.reject(new Error(`no ${pattern} in ${JSON.stringify(text)}`));
      const before = text.slice(0, match.index);
      text = text.slice((match.index ?? 0) + match[0].length);
      return Promise.resolve({ text: before, match });
    },
  };
}

const numberIn = (line: string): number => Number(/\((\d+)\+1000/.exec(line)?.[1]) + 1000;
const beginning = (line: string): string => `start-${numberIn(line)}.\r\n`;
/** What a shell makes of `echo end-$((N+1000))-$?.` after a command with that status. */
const ending = (line: string, status: number): string => `end-${numberIn(line)}-${status}.\r\n`;

describe('a command at a guest’s shell', () => {
  it('begins and ends when its numbers come back, not when their echo does', async () => {
    const run = await runOn(
      terminalOf((line) => `${beginning(line)}two\r\nchecksum 12\r\n${ending(line, 0)}`),
      'sum',
    );
    expect(run.output).toBe('two\r\nchecksum 12\r\n');
    expect(lastLine(run.output)).toBe('checksum 12');
  });

  it('fails with its status', async () => {
    const shell = terminalOf((line) => `${beginning(line)}not found\r\n${ending(line, 127)}`);
    await expect(runOn(shell, 'sum')).rejects.toThrow(/"sum" ended with 127:\nnot found/);
  });
});

describe('measuring', () => {
  it('takes turns', async () => {
    const turns: string[] = [];
    const done: string[] = [];
    const sample = (name: string) => () => Promise.resolve(turns.push(name));
    const taken = await alternate(
      3,
      { cofferdam: sample('c'), qemu: sample('q') },
      (round, of) => void done.push(`${round}/${of}`),
    );
    expect(turns.join('')).toBe('cqcqcq');
    expect(taken).toEqual({ cofferdam: [1, 3, 5], qemu: [2, 4, 6] });
    expect(done).toEqual(['1/3', '2/3', '3/3']);
    expect(await alternate(1, { cofferdam: sample('c'), qemu: null }, () => {})).toEqual({
      cofferdam: [7],
      qemu: null,
    });
  });

  it('refuses results that differ', () => {
    expect(oneOutput('sha256', ['a', 'a'])).toBe('a');
    expect(() => oneOutput('sha256', ['a', 'b', 'a'])).toThrow(ResultsDiffer);
    expect(() => oneOutput('sha256', ['a', 'b', 'a'])).toThrow('sha256: results differ: a | b');
    expect(() => oneOutput('sha256', [])).toThrow(ResultsDiffer);
  });
});

describe('an interruption', () => {
  it('ends what is being waited for, and nothing that is done', async () => {
    const abort = new AbortController();
    expect(await untilAborted(Promise.resolve(7), abort.signal)).toBe(7);
    const waiting = untilAborted(new Promise(() => {}), abort.signal);
    abort.abort(new Interrupted('SIGINT'));
    await expect(waiting).rejects.toMatchObject({ exitStatus: 130 });
    await expect(untilAborted(new Promise(() => {}), abort.signal)).rejects.toThrow('SIGINT');
  });
});

describe('progress', () => {
  const written = (isTTY: boolean): string => {
    let text = '';
    const progress = new Progress({
      isTTY,
      write: (piece) => {
        text += piece;
      },
    });
    progress.step('fib: 1 of 5');
    progress.say('fib: 12 ms');
    progress.step('gzip: 1 of 5');
    progress.end();
    return text;
  };

  it('is one line that is written over at a terminal, lines elsewhere', () => {
    expect(written(false)).toBe('fib: 12 ms\n');
    expect(written(true)).toBe('\rfib: 1 of 5\x1b[K\r\x1b[Kfib: 12 ms\n\rgzip: 1 of 5\x1b[K\r\x1b[K');
  });
});
