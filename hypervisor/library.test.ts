// The package as a library: the example that README shows, on a guest that there is. Needs the build.
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { installationTop } from './index.ts';

it('runs the example in README', () => {
  const readme = readFileSync(join(installationTop, 'README.md'), 'utf8');
  const example = /```ts\n(import \{ Hypervisor \} from 'cofferdam';.*?)```/s.exec(readme)?.[1] ?? '';
  const [guest, pattern] = ["'guest.wasm'", '/ready/'];
  expect(example).toContain(guest);
  expect(example).toContain(pattern);
  const program = example
    .replace(guest, JSON.stringify(join(installationTop, 'build/guests/hello.wasm')))
    .replace(pattern, '/Hello/');
  const file = join(installationTop, `build/library-example-${process.pid}.mjs`);
  try {
    writeFileSync(file, `${program}\nprocess.stdout.write(console.text);\n`);
    expect(execFileSync(process.execPath, [file], { encoding: 'utf8' })).toContain('Hello from a partition');
  } finally {
    rmSync(file, { force: true });
  }
});
