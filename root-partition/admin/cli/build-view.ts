// Progress of an image build: a bar that redraws itself on a terminal, lines elsewhere, JSON lines with --json.
import type { BuildEvent, BuildProgress } from '../../../guests/images/index.ts';
import { formatBar, formatBytes } from './text.ts';

const BAR_WIDTH = 24;

export interface ProgressStream {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

/** @returns the listener, and what ends a bar that is still being drawn */
export function buildView(
  stream: ProgressStream,
  isJson: boolean,
): { listen: BuildProgress; end: () => void } {
  if (isJson)
    return {
      listen: (event) => stream.write(`${JSON.stringify({ event: 'progress', ...event })}\n`),
      end: () => {},
    };
  let isDrawing = false;
  let lastLine = '';
  const end = (): void => {
    if (isDrawing) stream.write('\n');
    isDrawing = false;
  };
  const listen = (event: BuildEvent): void => {
    if (event.isWarning === true) {
      end();
      stream.write(`warning: ${event.text}\n`);
    } else if (event.done !== undefined && event.total !== undefined && stream.isTTY === true) {
      const line = progressLine(event).slice(0, Math.max(1, (stream.columns ?? 80) - 1));
      stream.write(`\r${line}\x1b[K`);
      isDrawing = true;
    } else {
      // Without a terminal, a phase is worth one line, not one per step.
      const line = `${event.phase}: ${event.text}`;
      const key = event.total === undefined ? line : event.phase;
      if (key === lastLine) return;
      lastLine = key;
      end();
      stream.write(`${line}\n`);
    }
  };
  return { listen, end };
}

function progressLine(event: BuildEvent): string {
  const { phase, text, done = 0, total = 0 } = event;
  const amount =
    phase === 'download' ? `${formatBytes(done)} of ${formatBytes(total)}` : `${done} of ${total}`;
  return `${phase.padEnd(8)} ${formatBar(done, total, BAR_WIDTH)} ${amount}  ${text}`;
}
