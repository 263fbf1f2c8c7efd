// Checks what came over the control channel (hypervisor/vmbus/root-control.ts): every field, no field too many.
import { HV_SYNIC_SINT_COUNT } from '../hypervisor/abi/synic.ts';
import { PORT_CONNECTION_BASE, VMBUS_MAX_CHANNELS, VMBUS_SINT } from '../hypervisor/abi/vmbus.ts';
import { brokeredLimits, isLimit } from '../hypervisor/scheduler/limits.ts';
import type { ChannelConfiguration, RootErrorCode, RootRequest } from '../hypervisor/vmbus/root-control.ts';
import { SCRATCH_LIMIT_BYTES } from './storage/scratch-volume.ts';

/** Refuses a control request. */
export class ControlError extends Error {
  readonly code: RootErrorCode;

  constructor(code: RootErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Names of fields that are too many come from outside. */
const MAX_FIELD_NAME = 64;

type Fields = Record<string, unknown>;
/** Whether a value is acceptable for a field. */
type Rule = (value: unknown) => boolean;
type Shape = Record<string, Rule>;

const whole =
  (min: number, max: number): Rule =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
const optional =
  (rule: Rule): Rule =>
  (value) =>
    value === undefined || rule(value);
const text =
  (pattern: RegExp): Rule =>
  (value) =>
    typeof value === 'string' && pattern.test(value);
const exactly =
  (expected: unknown): Rule =>
  (value) =>
    value === expected;
const isBoolean: Rule = (value) => typeof value === 'boolean';

const u32 = whole(0, 0xffff_ffff);
const word16 = whole(1, 0xffff);
const bytes = whole(0, Number.MAX_SAFE_INTEGER);
const label = text(/^[a-z0-9-]{1,31}$/);
const isPort = whole(PORT_CONNECTION_BASE, 0xffff_ffff);
/** VMBus control messages come on VMBUS_SINT; another partition must not be able to imitate them. */
const isSint: Rule = (value) => whole(0, HV_SYNIC_SINT_COUNT - 1)(value) && value !== VMBUS_SINT;

const volumeShapes: Record<string, Shape> = {
  raw: { kind: exactly('raw'), file: u32, isReadOnly: isBoolean },
  overlay: { kind: exactly('overlay'), base: u32, overlay: u32, maxBytes: optional(bytes) },
  scratch: {
    kind: exactly('scratch'),
    capacityBytes: (value) => whole(512, SCRATCH_LIMIT_BYTES)(value) && (value as number) % 512 === 0,
  },
};

/** The shape that an object names in one of its fields. What is no string names none, and is not made into one. */
function shapeOf(shapes: Record<string, Shape>, value: unknown, field: string): Shape | undefined {
  const name = (value as Fields | null | undefined)?.[field];
  return typeof name === 'string' && Object.hasOwn(shapes, name) ? shapes[name] : undefined;
}

const isVolume: Rule = (value) => {
  const shape = shapeOf(volumeShapes, value, 'kind');
  return shape !== undefined && fits(value, shape) === undefined;
};

const channelShapes: Record<string, Shape> = {
  console: {
    service: exactly('console'),
    label: exactly('console'),
    scrollBackBytes: optional(whole(4096, 16 * 1024 * 1024)),
  },
  sink: {
    service: exactly('sink'),
    label: (value) => label(value) && value !== 'console',
    file: u32,
    maxBytes: bytes,
  },
  storage: { service: exactly('storage'), label, volume: isVolume },
  entropy: {
    service: exactly('entropy'),
    label,
    bytesPerSecond: optional(whole(1, 2 ** 30)),
    burstBytes: optional(whole(4096, 2 ** 24)),
  },
  clock: { service: exactly('clock'), label, granularityNs: optional(whole(1, 0xffff_ffff)) },
};

const isChannel: Rule = (value) => {
  const shape = shapeOf(channelShapes, value, 'service');
  return shape !== undefined && fits(value, shape) === undefined;
};

const areChannels: Rule = (value) => {
  if (!Array.isArray(value) || value.length > VMBUS_MAX_CHANNELS || !value.every(isChannel)) return false;
  return new Set(value.map((channel: ChannelConfiguration) => channel.label)).size === value.length;
};

const limitShape: Shape = Object.fromEntries(brokeredLimits.map((limit) => [limit, isLimit]));
const areLimits: Rule = (value) => fits(value, limitShape) === undefined;

const requestShapes: Record<RootRequest['type'], Shape> = {
  connect: {
    partitionId: u32,
    name: text(/^[\x20-\x7e]{1,64}$/),
    socket: u32,
    channels: areChannels,
    limits: optional(areLimits),
  },
  reconnect: { partitionId: u32, socket: u32 },
  disconnect: { partitionId: u32 },
  release: { partitionId: u32 },
  'attach-console': { partitionId: u32, readerId: u32, socket: u32 },
  'detach-console': { partitionId: u32, readerId: u32 },
  resize: { partitionId: u32, columns: word16, rows: word16 },
  'connect-ports': { fromPartition: u32, connectionId: isPort, toPartition: u32, sint: isSint },
  'disconnect-ports': { fromPartition: u32, connectionId: isPort },
  statistics: { partitionId: u32 },
  shutdown: {},
};

/** The name of the first field that is wrong, missing or too many. */
function fits(value: unknown, shape: Shape): string | undefined {
  if (typeof value !== 'object' || value === null) return '(object)';
  const fields = value as Fields;
  const wrong = Object.keys(shape).find((name) => shape[name]?.(fields[name]) !== true);
  return wrong ?? Object.keys(fields).find((name) => !Object.hasOwn(shape, name));
}

/** @throws ControlError REQUEST_MALFORMED */
export function parseRootRequest(value: unknown): RootRequest {
  const shape = shapeOf(requestShapes, value, 'type');
  if (shape === undefined) throw new ControlError('REQUEST_MALFORMED', 'no such type of request');
  const { type } = value as RootRequest;
  const wrong = fits(value, { type: exactly(type), id: bytes, ...shape });
  if (wrong !== undefined) {
    throw new ControlError('REQUEST_MALFORMED', `${type}: field ${wrong.slice(0, MAX_FIELD_NAME)}`);
  }
  return value as RootRequest;
}

/** The files that a request names, whether it is otherwise well-formed or not. */
export function filesOf(request: unknown): number[] {
  const found: number[] = [];
  const add = (value: unknown): void => {
    if (u32(value)) found.push(value as number);
  };
  const fields = (request ?? {}) as Fields;
  add(fields['socket']);
  if (Array.isArray(fields['channels'])) {
    for (const channel of fields['channels'] as Fields[]) {
      const volume = channel?.['volume'] as Partial<Record<'file' | 'base' | 'overlay', unknown>> | undefined;
      for (const file of [channel?.['file'], volume?.file, volume?.base, volume?.overlay]) add(file);
    }
  }
  return found;
}
