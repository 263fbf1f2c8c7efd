// A partition without a guest, for tests of what hypercalls do: memory, control block, and what went to the root
// partition as frames.
import { HV_HYPERCALL_FAST } from '../../abi/hypercalls.ts';
import { HV_SYNIC_ENABLE } from '../../abi/synic.ts';
import { VMBUS_SINT } from '../../abi/vmbus.ts';
import { CodePublisher } from '../../code-publishing/code-publisher.ts';
import { guestPrivileges, type PrivilegeMask } from '../../partition/privilege-mask.ts';
import { createGuestMemory, GuestMemory } from '../../platform/guest-memory.ts';
import { MAX_LIMIT } from '../../scheduler/limits.ts';
import { Synic } from '../../synic/synic.ts';
import {
  CB_SCONTROL,
  CB_SIEFP,
  CB_SIMP,
  CB_SINT,
  createControlBlock,
} from '../../virtual-processor/control-block.ts';
import { HypercallThrottle } from '../../virtual-processor/hypercall-throttle.ts';
import { noteRefusal } from '../../virtual-processor/refused-code.ts';
import { FrameOutbox } from '../../vmbus/frame-outbox.ts';
import { type Frame, FrameReader } from '../../vmbus/frame-reader.ts';
import { VmbusServer } from '../../vmbus/vmbus-server.ts';
import { createHypercallImport, type HypercallImport } from '../dispatcher.ts';

export const PARTITION_ID = 7;
export const VP_INDEX = 0;
export const SIM_PAGE = 0x1000;
export const SIEF_PAGE = 0x2000;
/** Memory of 128 KiB. */
export const PAGES = 2;

export interface Call {
  code: number;
  isFast?: boolean;
  reps?: number;
  start?: number;
  /** Both parameters as numbers below 2^53: low and high half are made of them. */
  input?: number;
  output?: number;
}

export class CallingPartition {
  readonly controlBlock = createControlBlock();
  readonly words = new Int32Array(this.controlBlock);
  readonly memory: GuestMemory;
  readonly synic: Synic;
  readonly frames: Frame[] = [];
  readonly vmbus: VmbusServer;
  readonly publisher: CodePublisher;
  readonly hypercall: HypercallImport;

  /** @param options `memory` and the hypervisor's `view` of it, where a test has its own */
  constructor(
    privileges: PrivilegeMask = guestPrivileges,
    { mayPublishCode = true, memory = createGuestMemory(PAGES), view = new GuestMemory(memory.buffer) } = {},
  ) {
    this.memory = view;
    this.synic = new Synic(this.controlBlock, this.memory);
    const reader = new FrameReader((frame) => this.frames.push({ ...frame, payload: frame.payload.slice() }));
    const outbox = new FrameOutbox((bytes, length) => reader.push(bytes.slice(0, length)));
    this.vmbus = new VmbusServer(this.controlBlock, this.memory, this.synic, outbox);
    this.synic.reset();
    this.publisher = new CodePublisher(memory, (kind, reason) => noteRefusal(this.words, kind, reason));
    this.hypercall = createHypercallImport({
      partitionId: PARTITION_ID,
      vpIndex: VP_INDEX,
      words: this.words,
      memory: this.memory,
      privileges,
      synic: this.synic,
      vmbus: this.vmbus,
      publisher: mayPublishCode ? this.publisher : undefined,
      bootArguments: new TextEncoder().encode('a=1\n'),
      referenceTime: () => 2 ** 33 + 5,
      throttle: new HypercallThrottle(this.words, MAX_LIMIT, () => {}),
    });
  }

  /** As a guest does at its start: both pages on, the VMBus's SINT unmasked. */
  enableSynic(): void {
    this.words[CB_SCONTROL] = HV_SYNIC_ENABLE;
    this.words[CB_SIMP] = SIM_PAGE | HV_SYNIC_ENABLE;
    this.words[CB_SIEFP] = SIEF_PAGE | HV_SYNIC_ENABLE;
    this.words[CB_SINT + VMBUS_SINT] = 0;
  }

  /** Makes a call and takes the folded result apart. */
  call({ code, isFast = false, reps = 0, start = 0, input = 0, output = 0 }: Call): {
    status: number;
    reps: number;
  } {
    const result = this.hypercall(
      code | (isFast ? HV_HYPERCALL_FAST : 0),
      reps | (start << 16),
      input | 0,
      Math.floor(input / 2 ** 32) | 0,
      output | 0,
      Math.floor(output / 2 ** 32) | 0,
    );
    return { status: result & 0xffff, reps: (result >>> 16) & 0xfff };
  }

  /** Writes words at a guest address. */
  put(gpa: number, ...values: number[]): void {
    values.forEach((value, index) => {
      this.memory.words[(gpa >>> 2) + index] = value | 0;
    });
  }
}
