import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'hypervisor/**/*.test.ts',
      'root-partition/**/*.test.ts',
      'guests/**/*.test.ts',
      'bench/**/*.test.ts',
      '*.test.ts',
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // Of the escape attempts.
    maxConcurrency: 2,
    // node:ffi announces itself as experimental in every process.
    execArgv: ['--no-warnings'],
  },
});
