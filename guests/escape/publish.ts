// The attempts of a guest of the RV64 machine that has taken the machine over, and publishes code in its place.
import type { Attempt } from './attempt.ts';

type Given = Pick<Attempt, 'id' | 'name' | 'wants' | 'ancestor' | 'statement' | 'heldBy'> & {
  /** What it tries, in words. */
  what: string;
  module: Uint8Array;
  index?: number;
  /** Which index is called afterwards. Default: the same. */
  call?: number;
  /** Bytes of code that the guest adds. */
  padding?: number;
  fallen?: readonly string[];
  /** What it takes to have succeeded beyond the publication itself. */
  succeeds?: (seen: Publication) => boolean;
};

export interface Publication {
  status: number;
  /** What the word is that published code may write. */
  marker: number;
  /** What calling the published function gave. */
  result: number | undefined;
}

/** As in publishing-guest/guest.ts. */
export const MARKER = 0x70_0000;
const MEMORY_MIB = 8;

/** Publishes a module by publishing-guest/guest.ts. */
export function publishAttempt(given: Given): Attempt {
  const { what, module, index = 1024, call = index, padding = 0, succeeds = () => true, ...rest } = given;
  return {
    boundary: 'guest and hypervisor',
    fallen: ['publishing-right'],
    ...rest,
    async run(stage) {
      stage.tries(what);
      const { exit, text, audit } = await stage.runGuest({
        guest: 'publishing-guest',
        memoryMib: MEMORY_MIB,
        arguments: {
          module: Buffer.from(module).toString('hex'),
          index: String(index),
          call: String(call),
          padding: String(padding),
        },
      });
      const seen = publicationIn(text);
      if (seen === undefined) throw new Error(`the guest did not publish: ${exit.message}`);
      const reasons = audit.flatMap((seen) =>
        seen.event === 'code-refused' ? [`the hypervisor's audit says: ${seen.reason}`] : [],
      );
      const evidence = [text.trim().replaceAll('\n', ', '), ...reasons, `the guest: ${exit.message}`];
      for (const line of evidence) stage.sees(line);
      return { hasSucceeded: seen.status === 0 && succeeds(seen), evidence };
    },
  };
}

function publicationIn(text: string): Publication | undefined {
  const number = (pattern: RegExp): number | undefined => {
    const digits = text.match(pattern)?.[1];
    return digits === undefined ? undefined : Number(digits);
  };
  const [status, marker] = [number(/status (\d+)/), number(/marker (\d+)/)];
  if (status === undefined || marker === undefined) return undefined;
  return { status, marker, result: number(/call (-?\d+)/) };
}
