// The installation's check against its manifest: this installation passes, and no changed one. Needs `npm run build`.
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkInstallation, MANIFEST } from './installation-check.ts';
import { installationTop } from './program-files.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const refused = { code: 'INSTALLATION_CHANGED' };

describe('this installation', () => {
  const { files } = JSON.parse(readFileSync(join(installationTop, MANIFEST), 'utf8'));

  it('is what was built', () => checkInstallation(installationTop));

  it('lists every bundle, and what bundles load beside themselves', () => {
    const bundles = globSync('dist/*.js', { cwd: installationTop });
    expect(Object.keys(files)).toEqual(expect.arrayContaining(bundles));
    const texts = bundles.map((file) => readFileSync(join(installationTop, file), 'utf8'));
    const imports = texts.flatMap((text) => [...text.matchAll(/^import[^'"]*["']([^."'][^"']*)["'];$/gm)]);
    const packages = new Set(
      imports.map(([, name = '']) => name).filter((name) => !name.startsWith('node:')),
    );
    expect(packages).toEqual(new Set(['commander', 'piscina']));
    for (const name of packages) {
      expect(files).toHaveProperty([`node_modules/${name}/package.json`]);
      expect(
        Object.keys(files).filter((file) => file.startsWith(`node_modules/${name}/`)).length,
      ).toBeGreaterThan(5);
    }
  });
});

describe('an installation', () => {
  let top: string;
  const write = (file: string, text: string): void => writeFileSync(join(top, file), text);
  beforeEach(() => {
    top = mkdtempSync(join(tmpdir(), 'cofferdam-installation-'));
    mkdirSync(join(top, 'dist'));
    write('dist/a.js', 'a');
    write(MANIFEST, JSON.stringify({ files: { 'dist/a.js': sha256('a') } }));
    return () => rmSync(top, { recursive: true, force: true });
  });
  afterEach(() => expect(() => checkInstallation(top)).toThrow(expect.objectContaining(refused)));

  it('with a changed file is refused, and the file named', () => {
    checkInstallation(top);
    write('dist/a.js', 'b');
    expect(() => checkInstallation(top)).toThrow(/dist\/a\.js is not what was built.*npm ci/);
  });

  it('without one of its files is refused', () => rmSync(join(top, 'dist/a.js')));

  it('without its manifest is refused', () => rmSync(join(top, MANIFEST)));

  it.each(['', 'x', 'null', '{}', '{"files":null}', '{"files":[1]}', '{"files":{"dist/a.js":1}}'])(
    'with the manifest %j is refused',
    (text) => write(MANIFEST, text),
  );
});
