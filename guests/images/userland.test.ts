import { describe, expect, it } from 'vitest';
import type { TarMember } from './tar-reader.ts';
import { makeElf } from './testing/elf-fixture.ts';
import {
  appletNames,
  buildUserland,
  isTakenWhole,
  isWantedFile,
  mergeUsr,
  resolveTarget,
} from './userland.ts';

const busybox = Buffer.from('code\0[\0[[\0ash\0ls\0sh\0tune2fs\0\0more');
const file = (data: Buffer | string): TarMember => ({ type: 'file', mode: 0o755, data: Buffer.from(data) });
const link = (target: string): TarMember => ({ type: 'symlink', target });
const lib = 'usr/lib/riscv64-linux-gnu';

const files = (more: Record<string, TarMember> = {}) =>
  new Map<string, TarMember>([['usr/bin/busybox', file(busybox)], ...Object.entries(more)]);

describe('buildUserland', () => {
  it('gives devices, directories, the first process and the applets', () => {
    const tree = buildUserland({ files: files(), extra: new Set() });
    expect(tree.get('dev/console')).toEqual({ type: 'character-device', mode: 0o600, major: 5, minor: 1 });
    expect(tree.get('init')).toMatchObject({ type: 'file', mode: 0o755 });
    expect(tree.get('usr/bin/ls')).toEqual({ type: 'symlink', target: 'busybox' });
    expect(tree.get('bin')).toEqual({ type: 'symlink', target: 'usr/bin' });
    expect(tree.get('tmp')).toEqual({ type: 'directory', mode: 0o1777 });
  });

  it('follows what programs need through links, and stops at cycles', () => {
    const more = {
      'usr/sbin/tune2fs': file(makeElf({ needed: ['liba.so.1'], interpreter: '/lib/ld.so' })),
      [`${lib}/liba.so.1`]: link('liba.so.1.2'),
      [`${lib}/liba.so.1.2`]: file(makeElf({ needed: ['libb.so'] })),
      [`${lib}/libb.so`]: file(makeElf({ needed: ['liba.so.1'] })),
      [`${lib}/libc.so`]: file(makeElf({})),
      'usr/lib/ld.so': file(makeElf({})),
    };
    const tree = buildUserland({ files: files(more), extra: new Set() });
    for (const path of [`${lib}/liba.so.1`, `${lib}/liba.so.1.2`, `${lib}/libb.so`, 'usr/lib/ld.so']) {
      expect(tree.has(path), path).toBe(true);
    }
    expect(tree.has(`${lib}/libc.so`)).toBe(false);
  });

  it('prefers a real tool to the applet of that name', () => {
    const tree = buildUserland({ files: files({ 'usr/sbin/tune2fs': file('tool') }), extra: new Set() });
    expect(tree.has('usr/sbin/tune2fs')).toBe(true);
    expect(tree.has('usr/bin/tune2fs')).toBe(false);
  });

  it('turns a hard link into its file, and refuses one that leads nowhere or to itself', () => {
    const whole = files({ 'usr/bin/a': { type: 'hard-link', target: 'bin/b' }, 'usr/bin/b': file('data') });
    const tree = buildUserland({ files: whole, extra: new Set(['usr/bin/a']) });
    expect(tree.get('usr/bin/a')).toMatchObject({ type: 'file', data: Buffer.from('data') });
    for (const target of ['usr/bin/gone', 'usr/bin/a']) {
      const broken = files({ 'usr/bin/a': { type: 'hard-link', target } });
      expect(() => buildUserland({ files: broken, extra: new Set(['usr/bin/a']) })).toThrow(
        expect.objectContaining({ code: 'tar-invalid' }),
      );
    }
  });

  it('lets no package replace the first process', () => {
    const tree = buildUserland({ files: files({ init: file('evil') }), extra: new Set(['init']) });
    const init = tree.get('init');
    expect(init?.type === 'file' && Buffer.from(init.data).toString()).toContain('#!/bin/sh');
  });
});

describe('appletNames', () => {
  it('reads the table inside busybox', () => {
    expect(appletNames(busybox)).toEqual(['[', '[[', 'ash', 'ls', 'sh', 'tune2fs']);
  });

  it.each(['nothing here', '[\0[[\0sh', '[\0[[\0sh\0../x\0\0', '[\0[[\0ls\0\0'])('refuses %j', (text) => {
    expect(() => appletNames(Buffer.from(text))).toThrow(
      expect.objectContaining({ code: 'package-missing' }),
    );
  });
});

describe('paths', () => {
  it('move below /usr when they belong there', () => {
    expect(['bin/sh', 'lib', 'library/x', 'etc/x', 'sbin/a/b'].map(mergeUsr)).toEqual([
      'usr/bin/sh',
      'usr/lib',
      'library/x',
      'etc/x',
      'usr/sbin/a/b',
    ]);
  });

  it('of links are resolved inside the root, however many .. there are', () => {
    expect(resolveTarget('usr/bin/a', '../lib/b')).toBe('usr/lib/b');
    expect(resolveTarget('usr/bin/a', '/lib/b')).toBe('usr/lib/b');
    expect(resolveTarget('usr/bin/a', '../../../../etc/b')).toBe('etc/b');
  });

  it('of documentation and graphics drivers are not wanted, those of headers are', () => {
    const unwanted = ['usr/share/doc/x/y', `${lib}/dri/z.so`];
    expect(unwanted.filter(isWantedFile)).toEqual([]);
    expect(isWantedFile('usr/share/docs')).toBe(true);
    // Whoever asks for a compiler and the C library's development package compiles in the guest.
    expect(isWantedFile('usr/include/stdio.h')).toBe(true);
    // Without the C library's conversions Guile does not start.
    expect(isWantedFile(`${lib}/gconv/ISO8859-1.so`)).toBe(true);
  });

  it('of libraries come only on demand, unless their package was asked for', () => {
    expect(isTakenWhole(`${lib}/libx.so.1.2`, false)).toBe(false);
    expect(isTakenWhole(`${lib}/libx.so.1.2`, true)).toBe(true);
    expect(isTakenWhole('usr/lib/python3/lib-dynload/x.so', false)).toBe(true);
  });
});
