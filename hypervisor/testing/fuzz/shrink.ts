// Makes a failing sequence of cases smaller: first leaves out cases (Zeller and Hildebrandt, "Simplifying and Isolating
// Failure-Inducing Input", 2002), then shortens and simplifies what the rest draw. Knows nothing of what is generated.
import type { Choices } from './case-runner.ts';

/** Whether cases still fail. */
export type StillFails = (cases: readonly Choices[]) => Promise<boolean>;

/** @param most attempts; the result is whatever was smallest by then */
export async function shrink(
  cases: readonly Choices[],
  stillFails: StillFails,
  most = 3000,
): Promise<Choices[]> {
  let left = most;
  const attempt = async (candidate: readonly Choices[]): Promise<boolean> =>
    left-- > 0 && (await stillFails(candidate));
  let smallest = await withoutParts(cases, (candidate) => attempt(candidate));
  for (let index = 0; index < smallest.length; index++) {
    const rest = smallest;
    const put = (choices: Choices): Choices[] => rest.with(index, choices);
    let choices: Choices = await withoutParts(rest[index] as Choices, (candidate) => attempt(put(candidate)));
    choices = await withSmallerNumbers(choices, (candidate) => attempt(put(candidate)));
    smallest = put(choices);
  }
  return smallest;
}

/** Leaves out halves, quarters, … single elements, as long as that still fails. */
async function withoutParts<T>(
  all: readonly T[],
  attempt: (candidate: T[]) => Promise<boolean>,
): Promise<T[]> {
  let kept = [...all];
  for (let size = kept.length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < kept.length; ) {
      const candidate = kept.toSpliced(at, size);
      if (await attempt(candidate)) kept = candidate;
      else at += size;
    }
  }
  return kept;
}

async function withSmallerNumbers(
  choices: Choices,
  attempt: (candidate: number[]) => Promise<boolean>,
): Promise<Choices> {
  let kept = [...choices];
  for (let at = 0; at < kept.length; at++) {
    let failing = kept[at] as number;
    if (failing === 0) continue;
    // The smallest number that fails is sought as if all larger ones did.
    for (let passing = -1; failing - passing > 1; ) {
      const middle = passing === -1 ? 0 : Math.floor((passing + failing) / 2);
      const candidate = kept.with(at, middle);
      if (await attempt(candidate)) {
        failing = middle;
        kept = candidate;
      } else passing = middle;
    }
  }
  return kept;
}
