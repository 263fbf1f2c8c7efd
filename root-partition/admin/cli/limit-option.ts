// `--limit NAME=RATE`: how much a partition may do per second (hypervisor/scheduler/limits.ts).
import { type Limit, type Limits, limitDefaults, limitNames } from '../../../hypervisor/index.ts';
import { UsageError } from './exit-status.ts';

/** `ioBytes` → `io-bytes` */
export const limitOption = (limit: Limit): string =>
  limit.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const optionNames = limitNames.map(limitOption);
const scales: Record<string, number> = { '': 1, k: 1e3, M: 1e6, G: 1e9 };

/** `io-bytes=25M`; several of them, the last one of a name counts. */
export function parseLimits(texts: readonly string[]): Partial<Limits> {
  const limits: Partial<Record<Limit, number>> = {};
  for (const text of texts) {
    const match = /^([a-z-]+)=([1-9]\d{0,8})([kMG]?)$/.exec(text);
    const limit = limitNames[optionNames.indexOf(match?.[1] ?? '')];
    if (match === null || limit === undefined) {
      throw new UsageError(
        `--limit: expected NAME=RATE such as io-bytes=25M, NAME being ${optionNames.join(', ')}; got ${JSON.stringify(text)}`,
      );
    }
    limits[limit] = Number(match[2]) * (scales[match[3] ?? ''] as number);
  }
  return limits;
}

export const limitHelp = `
Limits per second, by --limit NAME=RATE (RATE as in 500, 20k, 25M, 2G); what goes over one waits:
${limitNames.map((limit) => `  ${limitOption(limit).padEnd(14)} ${limitDefaults[limit]}`).join('\n')}
`;
