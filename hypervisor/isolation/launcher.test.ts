import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { LaunchedProcess } from './launcher.ts';

describe('a launched process', () => {
  it('that has ended, and of which nobody has heard yet, takes no signal and is no fault', () => {
    const launched = new LaunchedProcess(spawnSync(process.execPath, ['--version']).pid);
    expect(launched.signal('SIGTERM')).toBe(false);
    expect(() => launched.kill()).not.toThrow();
  });

  it('takes no signal once its end is known', async () => {
    const launched = new LaunchedProcess(process.pid);
    launched.noteExit(0, null);
    launched.kill();
    expect(await launched.exited).toEqual({ code: 0, signal: null });
  });
});
