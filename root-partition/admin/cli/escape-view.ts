// Escape attempts under way, for people and for programs.
import { nameOfSet, type OnCampaignEvent, type PlayedHalf, titleOf } from '../../../guests/escape/index.ts';
import { formatSeconds, formatTable } from './text.ts';

type CampaignEvent = Parameters<OnCampaignEvent>[0];

export interface EscapeView {
  take(event: CampaignEvent): void;
  /** @param planned how many runs there were to be */
  finish(played: readonly PlayedHalf[], planned: number): void;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: a guest's words must not move the cursor
const printable = (text: string): string => text.replaceAll(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, '?');

/** Text that a guest may have had a part in, for a terminal. */
export const oneLine = (text: string): string => printable(text).trimEnd().replaceAll('\n', ' ⏎ ');

/** Steps on standard error, the summary on standard output. */
export class EscapeText implements EscapeView {
  take(event: CampaignEvent): void {
    if (event.kind === 'building') {
      if (event.installations > 0)
        process.stderr.write(`building ${event.installations} installations with controls missing …\n`);
    } else if (event.kind === 'verdict') {
      const { verdict, isGood, remark } = event.played;
      const mark = isGood ? 'ok ' : 'BAD';
      const tail = remark === '' ? '' : `: ${oneLine(remark)}`;
      process.stderr.write(`${titleOf(event.played)}  ${mark} ${verdict}${tail}\n`);
    } else {
      const verb = event.kind === 'tries' ? 'tries' : '  ←';
      process.stderr.write(`${titleOf(event.half)}  ${verb} ${oneLine(event.text)}\n`);
    }
  }

  finish(played: readonly PlayedHalf[], planned: number): void {
    const rows = played.map((half) => [
      half.isGood ? 'ok ' : 'BAD',
      half.attempt.id,
      half.attempt.name,
      half.without.length === 0 ? 'all controls on' : `without ${nameOfSet(half.without)}`,
      half.verdict,
      formatSeconds(half.milliseconds),
    ]);
    const bad = played.filter(({ isGood }) => !isGood).length;
    const rest = planned - played.length;
    process.stdout.write(
      `\n${formatTable(rows)}\n${played.length - bad} as they should be, ${bad} not${rest > 0 ? `, ${rest} not made` : ''}\n`,
    );
  }
}

/** One JSON object a line, all on standard output. */
export class EscapeJson implements EscapeView {
  take(event: CampaignEvent): void {
    if (event.kind === 'building') this.#write({ event: 'building', installations: event.installations });
    else if (event.kind === 'verdict') this.#write({ event: 'verdict', ...resultOf(event.played) });
    else {
      const { attempt, without } = event.half;
      this.#write({ event: event.kind, id: attempt.id, without, text: event.text });
    }
  }

  finish(played: readonly PlayedHalf[], planned: number): void {
    const bad = played.filter(({ isGood }) => !isGood).length;
    this.#write({
      event: 'summary',
      planned,
      played: played.length,
      bad,
      results: played.map(resultOf),
    });
  }

  #write(value: object): void {
    process.stdout.write(`${JSON.stringify(value)}\n`);
  }
}

function resultOf({ attempt, without, verdict, isGood, remark, milliseconds }: PlayedHalf): object {
  const { id, name, boundary, wants } = attempt;
  return { id, name, boundary, wants, without, verdict, isGood, remark, milliseconds };
}
