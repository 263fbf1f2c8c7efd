import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attempt } from '../attempt.ts';
import { kernelImage } from './kernel-image.ts';

const MEMORY_MIB = 16;

export const callPastTheKernel: Attempt = {
  id: 'E21',
  name: 'call the machine past the kernel',
  boundary: 'program and its kernel',
  wants: 'integrity',
  ancestor: 'hypercalls from user mode, which TLFS answers with #UD; Xen XSA on missing ring checks',
  statement:
    "A program in user mode of a guest makes an environment call to the machine: to print, and to switch the machine off. The machine answers calls of the kernel's mode only; a program's are traps of the kernel's, which decides.",
  heldBy: [['calls-of-the-kernel']],
  async run(stage) {
    const kernel = join(stage.folder, 'kernel');
    writeFileSync(kernel, kernelImage());
    stage.tries('an environment call from user mode, to print U and power off');
    const { exit, text } = await stage.runGuest({ guest: { kind: 'linux', kernel }, memoryMib: MEMORY_MIB });
    if (exit.kind !== 'power-off') throw new Error(`the kernel did not run: ${exit.message} ${text}`);
    const isAnswered = text.includes('U');
    const evidence = isAnswered
      ? "the machine answered the program's calls"
      : `the program's call was a trap to its kernel, which printed ${text.trim()}`;
    stage.sees(evidence);
    return { hasSucceeded: isAnswered, evidence: [evidence] };
  },
};
