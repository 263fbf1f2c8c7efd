// Checks what the root partition process says to the hypervisor (vmbus/root-control.ts). That process decodes what guests
// send; should one of them take it over, its words must not lead the hypervisor astray.
import { brokeredLimits } from '../scheduler/limits.ts';
import type { ConnectionEndReason, RootAnswer, RootEvent, RootStatistics } from '../vmbus/root-control.ts';

const MAX_TEXT = 1000;
const MAX_WALLS = 16;
const MAX_STATISTICS = 4096;

type Fields = Record<string, unknown>;

const isId = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
/** Text for people: bounded, and nothing in it that moves a cursor. */
const text = (value: unknown): string =>
  typeof value === 'string' ? value.slice(0, MAX_TEXT).replaceAll(/[^\x20-\x7e]/g, '?') : '';
const count = (value: unknown): number => (typeof value === 'number' && value >= 0 ? value : 0);

/** A message in shape, or undefined for what is none. What is not in the protocol is left out. */
export function parseRootMessage(message: unknown): RootAnswer | RootEvent | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const fields = message as Fields;
  if (Object.hasOwn(fields, 'id')) return parseAnswer(fields);
  const { partitionId, readerId } = fields;
  switch (fields['type']) {
    case 'ready': {
      const walls = Array.isArray(fields['walls']) ? fields['walls'].slice(0, MAX_WALLS) : [];
      return { type: 'ready', walls: walls.map(text) };
    }
    case 'connection-ended':
      if (!isId(partitionId)) return undefined;
      return {
        type: 'connection-ended',
        partitionId,
        reason: text(fields['reason']) as ConnectionEndReason,
        message: text(fields['message']),
      };
    case 'throttled': {
      const limit = brokeredLimits.find((name) => name === fields['limit']);
      if (!isId(partitionId) || limit === undefined) return undefined;
      return { type: 'throttled', partitionId, limit, waitedMs: count(fields['waitedMs']) };
    }
    case 'reader-ended':
      if (!isId(partitionId) || !isId(readerId)) return undefined;
      return { type: 'reader-ended', partitionId, readerId, droppedBytes: count(fields['droppedBytes']) };
    default:
      return undefined;
  }
}

function parseAnswer(fields: Fields): RootAnswer | undefined {
  const { id, ok, statistics } = fields;
  if (!isId(id)) return undefined;
  if (ok !== true) {
    const code = text(fields['code']) as Extract<RootAnswer, { ok: false }>['code'];
    return { id, ok: false, code, message: text(fields['message']) };
  }
  if (typeof statistics !== 'object' || statistics === null) return { id, ok };
  const entries = Object.entries(statistics as Fields).slice(0, MAX_STATISTICS);
  const checked: RootStatistics = Object.create(null);
  for (const [name, value] of entries) checked[text(name)] = count(value);
  return { id, ok, statistics: { ...checked } };
}
