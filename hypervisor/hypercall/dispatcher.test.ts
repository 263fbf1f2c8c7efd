// Every hypercall against every privilege, every malformed control word and every bad parameter block.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as calls from '../abi/hypercalls.ts';
import * as bits from '../abi/privileges.ts';
import * as statuses from '../abi/status.ts';
import {
  HV_REGISTER_SCONTROL,
  HV_REGISTER_SIMP,
  HV_REGISTER_SINT0,
  HV_REGISTER_TIME_REF_COUNT,
  HV_REGISTER_VP_INDEX,
} from '../abi/synic.ts';
import { PORT_CONNECTION_BASE } from '../abi/vmbus.ts';
import { guestPrivileges, privilegeMask } from '../partition/privilege-mask.ts';
import { CB_SCONTROL, CB_SIMP, counterWord } from '../virtual-processor/control-block.ts';
import { callForms } from './dispatcher.ts';
import { type Call, CallingPartition, PARTITION_ID } from './testing/calling-partition.ts';

const { HV_STATUS_SUCCESS, HV_STATUS_ACCESS_DENIED, HV_STATUS_OPERATION_DENIED } = statuses;
const INPUT = 0x3000;
const OUTPUT = 0x4000;
const allPrivileges = privilegeMask(Array.from({ length: 64 }, (_, bit) => bit));
const management = [
  calls.HVCALL_CREATE_PARTITION,
  calls.HVCALL_INITIALIZE_PARTITION,
  calls.HVCALL_FINALIZE_PARTITION,
  calls.HVCALL_DELETE_PARTITION,
  calls.HVCALL_GET_PARTITION_PROPERTY,
  calls.HVCALL_SET_PARTITION_PROPERTY,
];

/** A correct use of each call, the privilege that it takes, and its answer to a partition that has it. */
const uses: { name: string; call: Call; privilege?: number; status?: number; input?: number[] }[] = [
  { name: 'long spin wait', call: { code: calls.HVCALL_NOTIFY_LONG_SPIN_WAIT, isFast: true } },
  {
    name: 'signal event',
    call: { code: calls.HVCALL_SIGNAL_EVENT, isFast: true, input: PORT_CONNECTION_BASE + 2 ** 32 * 3 },
    privilege: bits.HV_PRIVILEGE_SIGNAL_EVENTS,
  },
  {
    name: 'post message',
    call: { code: calls.HVCALL_POST_MESSAGE, input: INPUT },
    input: [PORT_CONNECTION_BASE, 0, 1, 16],
    privilege: bits.HV_PRIVILEGE_POST_MESSAGES,
  },
  {
    name: 'get partition id',
    call: { code: calls.HVCALL_GET_PARTITION_ID, output: OUTPUT },
    privilege: bits.HV_PRIVILEGE_ACCESS_PARTITION_ID,
  },
  ...(
    [
      ['VP index', HV_REGISTER_VP_INDEX, bits.HV_PRIVILEGE_ACCESS_VP_INDEX],
      ['time', HV_REGISTER_TIME_REF_COUNT, bits.HV_PRIVILEGE_ACCESS_PARTITION_REFERENCE_COUNTER],
      ['SCONTROL', HV_REGISTER_SCONTROL, bits.HV_PRIVILEGE_ACCESS_SYNIC_REGS],
      ['SINT3', HV_REGISTER_SINT0 + 3, bits.HV_PRIVILEGE_ACCESS_SYNIC_REGS],
    ] as const
  ).map(([name, register, privilege]) => ({
    name: `get register ${name}`,
    call: { code: calls.HVCALL_GET_VP_REGISTERS, reps: 1, input: INPUT, output: OUTPUT },
    input: [-1, -1, -2, 0, register],
    privilege,
  })),
  {
    name: 'set register SCONTROL',
    call: { code: calls.HVCALL_SET_VP_REGISTERS, reps: 1, input: INPUT },
    input: [PARTITION_ID, 0, 0, 0, HV_REGISTER_SCONTROL, 0, 0, 0, 1, 0, 0, 0],
    privilege: bits.HV_PRIVILEGE_ACCESS_SYNIC_REGS,
  },
  {
    name: 'query capabilities',
    call: { code: calls.HVCALL_QUERY_CAPABILITIES, output: OUTPUT },
    privilege: bits.HV_PRIVILEGE_ENABLE_EXTENDED_HYPERCALLS,
  },
  {
    name: 'get boot arguments',
    call: { code: calls.HVCALL_GET_BOOT_ARGUMENTS, output: OUTPUT },
    privilege: bits.HV_PRIVILEGE_ENABLE_EXTENDED_HYPERCALLS,
  },
  {
    name: 'report instructions',
    call: { code: calls.HVCALL_REPORT_INSTRUCTIONS, isFast: true, input: 5 },
    privilege: bits.HV_PRIVILEGE_ENABLE_EXTENDED_HYPERCALLS,
  },
  {
    name: 'publish code',
    call: { code: calls.HVCALL_PUBLISH_CODE, isFast: true, input: INPUT + 2 ** 32 * 8, output: 1024 },
    privilege: bits.HV_PRIVILEGE_ENABLE_EXTENDED_HYPERCALLS,
    // Nobody's table is there to publish to.
    status: HV_STATUS_OPERATION_DENIED,
  },
  {
    name: 'exit partition',
    call: { code: calls.HVCALL_EXIT_PARTITION, isFast: true, input: calls.HV_EXIT_POWER_OFF },
    privilege: bits.HV_PRIVILEGE_ENABLE_EXTENDED_HYPERCALLS,
  },
  ...management.map((code) => ({
    name: `partition management ${code.toString(16)}`,
    call: { code, isFast: callForms.get(code) === 'fast', input: INPUT, output: OUTPUT },
    privilege: bits.HV_PRIVILEGE_CREATE_PARTITIONS,
    status: HV_STATUS_OPERATION_DENIED,
  })),
];

describe('hypercalls and privileges', () => {
  it('are tried for every call there is', () => {
    expect(new Set(uses.map(({ call }) => call.code))).toEqual(new Set(callForms.keys()));
  });

  it.each(uses)('$name', ({ call, privilege, status = HV_STATUS_SUCCESS, input }) => {
    for (let bit = 0; bit < 64; bit++) {
      const partition = new CallingPartition(privilegeMask([bit]));
      if (input !== undefined) partition.put(INPUT, ...input);
      const isAllowed = privilege === undefined || bit === privilege;
      expect([bit, partition.call(call).status]).toEqual([bit, isAllowed ? status : HV_STATUS_ACCESS_DENIED]);
      expect(partition.words[counterWord.accessDenied]).toBe(isAllowed ? 0 : 1);
      expect(partition.words[counterWord.hypercalls]).toBe(1);
    }
    const allButOne = privilegeMask(
      Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => bit !== privilege),
    );
    if (privilege !== undefined) {
      const partition = new CallingPartition(allButOne);
      if (input !== undefined) partition.put(INPUT, ...input);
      expect(partition.call(call).status).toBe(HV_STATUS_ACCESS_DENIED);
    }
  });
});

describe('control words', () => {
  it('name only calls that exist', () => {
    const partition = new CallingPartition(allPrivileges);
    for (let code = 0; code < 0x1_0000; code++) {
      if (callForms.has(code)) continue;
      for (const isFast of [true, false])
        expect(partition.call({ code, isFast }).status).toBe(statuses.HV_STATUS_INVALID_HYPERCALL_CODE);
    }
  });

  it('have the form of their call and nothing in reserved bits', () => {
    for (const [code, form] of callForms) {
      const right = form === 'fast' ? calls.HV_HYPERCALL_FAST : 0;
      const partition = new CallingPartition(allPrivileges);
      const wrong = (lo: number, hi: number): void =>
        expect([code, lo, hi, partition.hypercall(code | lo, hi, INPUT, 0, OUTPUT, 0) & 0xffff]).toEqual([
          code,
          lo,
          hi,
          statuses.HV_STATUS_INVALID_HYPERCALL_INPUT,
        ]);
      wrong(right ^ calls.HV_HYPERCALL_FAST, form === 'rep' ? 1 : 0);
      for (let bit = 17; bit < 32; bit++) wrong(right | (1 << bit), form === 'rep' ? 1 : 0);
      for (const bit of [12, 13, 14, 15, 28, 29, 30, 31]) wrong(right, (1 << bit) | (form === 'rep' ? 1 : 0));
      if (form === 'rep') {
        wrong(right, 0);
        wrong(right, 1 | (1 << 16));
        wrong(right, 5 | (0xfff << 16));
      } else {
        wrong(right, 1);
        wrong(right, 1 << 16);
      }
      expect(partition.words[counterWord.hypercallsRefused]).toBe(partition.words[counterWord.hypercalls]);
    }
  });
});

describe('parameter blocks', () => {
  const partition = new CallingPartition(allPrivileges);
  const end = partition.memory.byteLength;
  const { HV_STATUS_INVALID_ALIGNMENT: UNALIGNED, HV_STATUS_INVALID_PARAMETER: OUTSIDE } = statuses;

  it.each([
    [4, UNALIGNED],
    [INPUT + 1, UNALIGNED],
    [end - 1, UNALIGNED],
    [end, OUTSIDE],
    [end + 8, OUTSIDE],
    [0xffff_fff8, OUTSIDE],
    [2 ** 32, OUTSIDE],
    [2 ** 32 + INPUT, OUTSIDE],
    [2 ** 52, OUTSIDE],
  ])('at %i are refused', (gpa, status) => {
    expect(partition.call({ code: calls.HVCALL_GET_PARTITION_ID, output: gpa }).status).toBe(status);
    expect(partition.call({ code: calls.HVCALL_POST_MESSAGE, input: gpa }).status).toBe(status);
    const registers = { code: calls.HVCALL_GET_VP_REGISTERS, reps: 1, input: INPUT, output: OUTPUT };
    partition.put(INPUT, -1, -1, -2, 0, HV_REGISTER_VP_INDEX);
    expect(partition.call({ ...registers, input: gpa }).status).toBe(status);
    expect(partition.call({ ...registers, output: gpa }).status).toBe(status);
  });

  it('may end with memory, and may not cross a page', () => {
    expect(partition.call({ code: calls.HVCALL_GET_PARTITION_ID, output: end - 8 }).status).toBe(0);
    expect([...partition.memory.bytes.subarray(end - 8)]).toEqual([PARTITION_ID, 0, 0, 0, 0, 0, 0, 0]);
    expect(partition.call({ code: calls.HVCALL_GET_BOOT_ARGUMENTS, output: OUTPUT + 8 }).status).toBe(
      OUTSIDE,
    );
    expect(partition.call({ code: calls.HVCALL_POST_MESSAGE, input: 0x3f08 }).status).toBe(OUTSIDE);
  });

  it('fill a page with boot arguments and zeroes', () => {
    partition.memory.bytes.fill(0xff, OUTPUT - 8, OUTPUT + 4104);
    expect(partition.call({ code: calls.HVCALL_GET_BOOT_ARGUMENTS, output: OUTPUT }).status).toBe(0);
    const page = Buffer.from(partition.memory.bytes.slice(OUTPUT, OUTPUT + 4096));
    expect(page.toString('latin1')).toBe('a=1\n'.padEnd(4096, '\0'));
    expect(partition.memory.bytes[OUTPUT - 1]).toBe(0xff);
    expect(partition.memory.bytes[OUTPUT + 4096]).toBe(0xff);
  });
});

describe('register calls', () => {
  const get = (partition: CallingPartition, names: number[], start = 0) => {
    partition.put(INPUT, -1, -1, -2, 0, ...names);
    const reps = names.length;
    return partition.call({ code: calls.HVCALL_GET_VP_REGISTERS, reps, start, input: INPUT, output: OUTPUT });
  };

  it('give values of 128 bits, in order', () => {
    const partition = new CallingPartition();
    const names = [HV_REGISTER_TIME_REF_COUNT, HV_REGISTER_VP_INDEX, HV_REGISTER_SINT0];
    expect(get(partition, names)).toEqual({ status: 0, reps: 3 });
    const values = partition.memory.words.slice(OUTPUT >>> 2, (OUTPUT >>> 2) + 12);
    expect([...values]).toEqual([5, 2, 0, 0, 0, 0, 0, 0, 0x1_0000, 0, 0, 0]);
  });

  it('stop at the first that is refused, say how far they came, and go on from there', () => {
    const partition = new CallingPartition();
    const names = [HV_REGISTER_VP_INDEX, HV_REGISTER_VP_INDEX, 0xdead, HV_REGISTER_VP_INDEX];
    expect(get(partition, names)).toEqual({ status: statuses.HV_STATUS_INVALID_PARAMETER, reps: 2 });
    expect(get(partition, names, 3)).toEqual({ status: 0, reps: 4 });
  });

  it.each([
    [[6, 0, -2, 0], statuses.HV_STATUS_INVALID_PARTITION_ID],
    [[PARTITION_ID, 1, -2, 0], statuses.HV_STATUS_INVALID_PARTITION_ID],
    [[-1, 0, -2, 0], statuses.HV_STATUS_INVALID_PARTITION_ID],
    [[-1, -1, 1, 0], statuses.HV_STATUS_INVALID_VP_INDEX],
    [[-1, -1, -1, 0], statuses.HV_STATUS_INVALID_VP_INDEX],
    [[-1, -1, -2, 1], statuses.HV_STATUS_INVALID_PARAMETER],
  ])('are about the calling VP alone: header %j', (header, status) => {
    const partition = new CallingPartition(allPrivileges);
    partition.put(INPUT, ...header, HV_REGISTER_SCONTROL, 0, 0, 0, 1, 0, 0, 0);
    const call = { reps: 1, input: INPUT, output: OUTPUT };
    expect(partition.call({ ...call, code: calls.HVCALL_GET_VP_REGISTERS }).status).toBe(status);
    expect(partition.call({ ...call, code: calls.HVCALL_SET_VP_REGISTERS }).status).toBe(status);
    expect(partition.words[CB_SCONTROL]).toBe(0);
  });

  it('keep the SynIC pages within memory', () => {
    const partition = new CallingPartition();
    const set = (name: number, ...value: number[]) => {
      partition.put(INPUT, -1, -1, -2, 0, name, 0, 0, 0, ...value);
      return partition.call({ code: calls.HVCALL_SET_VP_REGISTERS, reps: 1, input: INPUT }).status;
    };
    const { byteLength } = partition.memory;
    const refused = statuses.HV_STATUS_INVALID_REGISTER_VALUE;
    expect(set(HV_REGISTER_SIMP, (byteLength - 4096) | 1, 0, 0, 0)).toBe(0);
    expect(partition.words[CB_SIMP]).toBe((byteLength - 4096) | 1);
    expect(set(HV_REGISTER_SIMP, byteLength | 1, 0, 0, 0)).toBe(refused);
    expect(set(HV_REGISTER_SIMP, 0xffff_f001, 0, 0, 0)).toBe(refused);
    expect(set(HV_REGISTER_SIMP, 0x1001, 1, 0, 0)).toBe(refused);
    expect(set(HV_REGISTER_SIMP, 0x1001, 0, 0, 1)).toBe(refused);
    expect(partition.words[CB_SIMP]).toBe((byteLength - 4096) | 1);
    expect(set(HV_REGISTER_VP_INDEX, 1, 0, 0, 0)).toBe(statuses.HV_STATUS_INVALID_PARAMETER);
  });
});

describe('posted messages and signalled events', () => {
  const connection = PORT_CONNECTION_BASE;
  const { HV_STATUS_INVALID_PARAMETER: WRONG, HV_STATUS_INVALID_CONNECTION_ID: NOWHERE } = statuses;

  it.each([
    ['the largest message', [connection, 0, 1, 240], HV_STATUS_SUCCESS],
    ['a larger one', [connection, 0, 1, 241], WRONG],
    ['one of 4 GiB', [connection, 0, 1, -1], WRONG],
    ['a reserved field', [connection, 1, 1, 0], WRONG],
    ['no type', [connection, 0, 0, 0], WRONG],
    ["a type of the hypervisor's", [connection, 0, -1, 0], WRONG],
    ['a connection below the ports', [connection - 1, 0, 1, 0], NOWHERE],
    ['connection 0', [0, 0, 1, 0], NOWHERE],
    ['another type to the VMBus', [1, 0, 2, 8], WRONG],
    ['an empty message to the VMBus', [1, 0, 1, 0], WRONG],
  ])('%s', (_name, header, status) => {
    const partition = new CallingPartition();
    partition.put(INPUT, ...header);
    expect(partition.call({ code: calls.HVCALL_POST_MESSAGE, input: INPUT }).status).toBe(status);
    expect(partition.frames.length).toBe(status === HV_STATUS_SUCCESS ? 1 : 0);
    if (status === HV_STATUS_SUCCESS)
      expect(partition.frames[0]).toMatchObject({ transactionLo: connection, transactionHi: 1 });
  });

  it.each([
    [connection, 0xffff, HV_STATUS_SUCCESS],
    [connection, 0x1_0000, WRONG],
    [connection - 1, 0, NOWHERE],
    [0, 0, NOWHERE],
    [0x1000, 0, NOWHERE],
    [0x1001, 0, NOWHERE],
    [0x1001, 1, WRONG],
    [0x1040, 0, NOWHERE],
  ])('event of connection %i, flag %i', (id, flag, status) => {
    const partition = new CallingPartition();
    const input = id + flag * 2 ** 32;
    expect(partition.call({ code: calls.HVCALL_SIGNAL_EVENT, isFast: true, input }).status).toBe(status);
    expect(partition.frames.length).toBe(status === HV_STATUS_SUCCESS ? 1 : 0);
  });
});

describe('any call at all', () => {
  it('is answered with a status, counted, and changes no memory outside of its output', () => {
    const known = new Set<number>(Object.values(statuses));
    const codes = fc.oneof(fc.constantFrom(...callForms.keys()), fc.integer({ min: 0, max: 0xffff }));
    const interesting = fc.oneof(
      fc.constantFrom(0, 8, INPUT, OUTPUT, 0x3f00, 0x1_fff8, 0x2_0000, -1, -8, PORT_CONNECTION_BASE, 0x1001),
      fc.integer(),
    );
    const pages = fc.uint8Array({ minLength: 64, maxLength: 64 });
    const partition = new CallingPartition(allPrivileges);
    partition.enableSynic();
    const call = fc.tuple(codes, fc.integer(), interesting, interesting, interesting, interesting, pages);
    const property = fc.property(call, ([code, hi, inputLo, inputHi, outputLo, outputHi, input]) => {
      const before = partition.words[counterWord.hypercalls] as number;
      partition.memory.bytes.set(input, INPUT);
      for (const form of [code, code | calls.HV_HYPERCALL_FAST]) {
        for (const high of [0, hi, hi & 0x0003_0007]) {
          const result = partition.hypercall(form, high, inputLo, inputHi, outputLo, outputHi);
          expect(known.has(result & 0xffff)).toBe(true);
        }
      }
      expect(partition.words[counterWord.hypercalls]).toBe(before + 6);
    });
    fc.assert(property, { seed: 20261124, numRuns: 5000 });
  });

  it('of a guest without privileges does nothing but count', () => {
    const partition = new CallingPartition(privilegeMask([]));
    const before = partition.memory.bytes.slice();
    for (const [code, form] of callForms)
      for (const value of [0, INPUT, 0xffff_fff8])
        partition.call({
          code,
          isFast: form === 'fast',
          reps: form === 'rep' ? 1 : 0,
          input: value,
          output: value,
        });
    expect(Buffer.compare(before, partition.memory.bytes)).toBe(0);
    expect(partition.frames).toEqual([]);
    expect(guestPrivileges.hi).not.toBe(0);
  });
});
