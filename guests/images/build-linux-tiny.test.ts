import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BUILD_TOOLS, mergeConfig, requireTools } from './build-linux-tiny.ts';

describe('the tools that compile a kernel', () => {
  it('are enough when all are there', () => {
    expect(() => requireTools(BUILD_TOOLS, (name) => `/usr/bin/${name}`)).not.toThrow();
  });

  it('are named when missing, with one line that installs exactly their packages', () => {
    const missing = ['flex', 'riscv64-linux-gnu-gcc', 'xz'];
    const find = (name: string): string | undefined =>
      missing.includes(name) ? undefined : `/usr/bin/${name}`;
    expect(() => requireTools(BUILD_TOOLS, find)).toThrow(
      expect.objectContaining({
        code: 'tool-missing',
        message: expect.stringContaining('riscv64-linux-gnu-gcc, flex, xz'),
        remedy: expect.stringContaining(
          'apt-get install --no-install-recommends gcc-riscv64-linux-gnu flex xz-utils ',
        ),
      }),
    );
  });
});

it('finds its configuration beside the built program, too', () => {
  const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
  expect(read('../../dist/tiny-virt.config')).toBe(read('tiny-virt.config'));
});

describe('mergeConfig', () => {
  it('replaces options whether they were set or not, and keeps the others', () => {
    const base = '# comment\nCONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C="text"\nCONFIG_AB=y\n';
    const merged = mergeConfig(base, 'CONFIG_A=n\nCONFIG_B=y\n').split('\n');
    expect(merged.filter((line) => line !== '')).toEqual([
      '# comment',
      'CONFIG_C="text"',
      'CONFIG_AB=y',
      'CONFIG_A=n',
      'CONFIG_B=y',
    ]);
  });
});
