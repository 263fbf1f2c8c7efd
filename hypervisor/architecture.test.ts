// Holds the import rules: who may import whom is the trust model in code form (see CONTRIBUTING.md).
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const top = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The area of a file, and the areas (path prefixes) it may import. The first matching row counts. */
const rules: { area: string; mayImport: string[] }[] = [
  { area: 'hypervisor/abi/', mayImport: ['hypervisor/abi/'] },
  { area: 'hypervisor/', mayImport: ['hypervisor/'] },
  {
    area: 'root-partition/admin/cli/',
    mayImport: [
      'root-partition/admin/',
      'hypervisor/index.ts',
      'guests/escape/index.ts',
      'guests/images/',
      'guests/riscv/inspection/',
    ],
  },
  {
    area: 'root-partition/main.ts',
    mayImport: ['root-partition/', 'hypervisor/vmbus/', 'hypervisor/isolation/tighten.ts'],
  },
  {
    area: 'root-partition/',
    mayImport: [
      'root-partition/',
      'hypervisor/index.ts',
      'hypervisor/vmbus/',
      'hypervisor/scheduler/',
      'hypervisor/abi/',
    ],
  },
  { area: 'guests/lib/', mayImport: ['guests/lib/', 'hypervisor/abi/'] },
  { area: 'guests/riscv/', mayImport: ['guests/riscv/', 'guests/lib/', 'hypervisor/abi/'] },
  { area: 'guests/samples/', mayImport: ['guests/lib/', 'hypervisor/abi/', 'guests/samples/'] },
  // Hostile guests, the stage they run on (a user of the SDK) and what stands for a fallen engine.
  {
    area: 'guests/escape/',
    mayImport: [
      'guests/escape/',
      'guests/lib/',
      'hypervisor/index.ts',
      'hypervisor/abi/',
      'hypervisor/virtual-processor/vp-task.ts',
      'hypervisor/isolation/foreign-functions.ts',
      'hypervisor/isolation/testing/',
      'hypervisor/code-publishing/testing/',
      'guests/riscv/machine/testing/assembler.ts',
      'guests/riscv/oracle/',
    ],
  },
  { area: 'guests/images/', mayImport: ['guests/images/'] },
  { area: 'bench/', mayImport: ['bench/', 'hypervisor/', 'root-partition/', 'guests/'] },
  { area: '', mayImport: [''] },
];

/** Modules of Node that give a process power over the world; only these areas may name them. */
const powers = /^node:(fs|net|child_process|dgram|http|tls|ffi|worker_threads)/;
const mayUsePowers = [
  'guests/riscv/isa/generate.ts',
  'guests/riscv/oracle/',
  'hypervisor/docs/attack-surface/',
  'hypervisor/isolation/',
  'hypervisor/platform/',
  'root-partition/',
  'guests/escape/',
  'guests/images/',
  'bench/',
];

const sources = globSync(
  ['hypervisor/**/*.ts', 'guests/**/*.ts', 'root-partition/**/*.ts', 'bench/**/*.ts'],
  {
    cwd: top,
  },
).filter((file) => !file.endsWith('.d.ts'));

const importsOf = (file: string): string[] => {
  const text = readFileSync(join(top, file), 'utf8');
  return [
    ...text.matchAll(/^(?:import|export)\s[^'"]*?from\s+['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]/gm),
  ].map((match) => match[1] ?? match[2] ?? '');
};

const isTest = (file: string): boolean => /\.(test|fuzz)\.ts$|\/(fixtures|testing)\//.test(file);

describe('architecture', () => {
  it('finds the sources', () => {
    expect(sources.length).toBeGreaterThan(5);
  });

  it('lets each area import only what the trust model allows', () => {
    const violations: string[] = [];
    for (const file of sources.filter((name) => !isTest(name))) {
      const rule = rules.find(({ area }) => file.startsWith(area));
      for (const specifier of importsOf(file).filter((name) => name.startsWith('.'))) {
        const target = relative(top, join(top, dirname(file), specifier));
        if (!rule?.mayImport.some((prefix) => target.startsWith(prefix)))
          violations.push(`${file} → ${target}`);
      }
    }
    expect(violations).toEqual([]);
  });

  it('allocates no memory with old contents', () => {
    const stale = /\ballocUnsafe|\bnew Buffer\(|\bSlowBuffer\b/;
    const users = sources.filter(
      (file) => !isTest(file) && stale.test(readFileSync(join(top, file), 'utf8')),
    );
    expect(users).toEqual([]);
  });

  it('links guests to objects without a prototype', () => {
    const links = sources.filter(
      (file) =>
        file.startsWith('hypervisor/') &&
        !isTest(file) &&
        readFileSync(join(top, file), 'utf8').includes('new WebAssembly.Instance('),
    );
    expect(links.length).toBeGreaterThan(1);
    // The object itself and each module in it.
    const isBare =
      /imports = Object\.assign\(Object\.create\(null\), \{\n(?: +\w+: Object\.assign\(Object\.create\(null\), .+\),\n)+ +\}\);\n\s+return new WebAssembly\.Instance\([\w.]+, imports\)/;
    expect(links.filter((file) => !isBare.test(readFileSync(join(top, file), 'utf8')))).toEqual([]);
  });

  it('keeps files, sockets, processes and foreign functions where they belong', () => {
    const violations: string[] = [];
    for (const file of sources.filter((name) => !isTest(name))) {
      if (mayUsePowers.some((area) => file.startsWith(area))) continue;
      for (const specifier of importsOf(file))
        if (powers.test(specifier)) violations.push(`${file} → ${specifier}`);
    }
    expect(violations).toEqual([]);
  });
});
