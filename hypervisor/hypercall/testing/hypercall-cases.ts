// Hypercalls as an attacker would try them: control words and parameters right, nearly right and wild, with parameter
// blocks in guest memory. No address in them leads validly into the guard, the upper half of memory: so whatever the
// hypervisor writes there, it was not asked to.
import * as calls from '../../abi/hypercalls.ts';
import {
  HV_PARTITION_ID_SELF,
  HV_REGISTER_EOM,
  HV_REGISTER_SCONTROL,
  HV_REGISTER_SIEFP,
  HV_REGISTER_SIMP,
  HV_REGISTER_SINT0,
  HV_REGISTER_TIME_REF_COUNT,
  HV_REGISTER_VP_INDEX,
  HV_VP_INDEX_SELF,
} from '../../abi/synic.ts';
import {
  CHANNELMSG_CLOSECHANNEL,
  CHANNELMSG_OPENCHANNEL,
  CHANNELMSG_REQUESTOFFERS,
  PORT_CONNECTION_BASE,
  VM_PKT_DATA_INBAND,
  VMBUS_CHANNEL_CONNECTION_BASE,
  VMBUS_CONNECTION_ID,
} from '../../abi/vmbus.ts';
import type { FuzzRandom } from '../../testing/fuzz/fuzz-random.ts';
import { callForms } from '../dispatcher.ts';
import { SIM_PAGE } from './calling-partition.ts';

export const GUARD = 0x1_0000;
export const MEMORY_BYTES = 0x2_0000;
/** Channels that are offered; a few more ids are tried. */
export const CHANNELS = 4;
/** Where rings are opened, one page of data each way. */
const ringOf = (channelId: number): number => 0x4000 + (channelId - 1) * 0x2000;
const RING_DATA_BYTES = 4096;

const codes = [...callForms.keys()];
const registers = [
  HV_REGISTER_VP_INDEX,
  HV_REGISTER_TIME_REF_COUNT,
  HV_REGISTER_SCONTROL,
  HV_REGISTER_SIMP,
  HV_REGISTER_SIEFP,
  HV_REGISTER_EOM,
  HV_REGISTER_SINT0,
  HV_REGISTER_SINT0 + 2,
  HV_REGISTER_SINT0 + 15,
  HV_REGISTER_SINT0 + 16,
];

/** Makes one call after the other; the fields hold the last one. */
export class HypercallCases {
  readonly #words: Int32Array;
  controlLo = 0;
  controlHi = 0;
  inputLo = 0;
  inputHi = 0;
  outputLo = 0;
  outputHi = 0;

  /** @param words guest memory, which gets the parameter blocks */
  constructor(words: Int32Array) {
    this.#words = words;
  }

  next(random: FuzzRandom): void {
    this.controlHi = 0;
    this.inputLo = this.#address(random);
    this.outputLo = this.#address(random);
    this.inputHi = random.oneIn(24) ? random.word() : 0;
    this.outputHi = random.oneIn(24) ? random.word() : 0;
    switch (random.below(12)) {
      case 0:
        this.#wild(random);
        break;
      case 1:
      case 2:
        this.#named(random);
        break;
      case 3:
      case 4:
        this.#registers(random);
        break;
      case 5:
        this.#message(random);
        break;
      case 6:
        this.#control(random);
        break;
      case 7:
      case 8:
        this.#packets(random);
        break;
      case 9:
        this.#emptySlot(random);
        break;
      default:
        this.#signal(random);
    }
    if (random.oneIn(16)) this.controlLo ^= 1 << random.below(32);
    if (random.oneIn(24)) this.controlHi ^= 1 << random.below(32);
    this.#keepOut();
  }

  /** An address of a parameter block: mostly right, near the end of a page now and then, or wrong in every way. */
  #address(random: FuzzRandom): number {
    const kind = random.below(10);
    if (kind < 6) return 0x3000 + 8 * random.below(64);
    if (kind < 8) return ((random.below(16) << 12) + 4096 - 8 * random.below(40)) % GUARD;
    if (kind === 8) return (random.below(MEMORY_BYTES) | 1) >>> 0;
    return random.word();
  }

  #put(at: number, value: number): void {
    if (at >= GUARD >>> 2) return;
    this.#words[at] = isInGuard(value) ? value ^ 0x4000_0000 : value;
  }

  /** Where a block would lie if its address were right. */
  get #block(): number {
    return ((this.inputLo >>> 0) % GUARD) >>> 2;
  }

  #wild(random: FuzzRandom): void {
    this.controlLo = random.word();
    this.controlHi = random.word();
    this.inputLo = random.word();
    this.inputHi = random.below(2) * random.word();
    this.outputLo = random.word();
    this.outputHi = random.below(2) * random.word();
  }

  #named(random: FuzzRandom): void {
    const code = random.pick(codes);
    const form = callForms.get(code);
    this.controlLo = code | (form === 'fast' ? calls.HV_HYPERCALL_FAST : 0);
    if (form === 'rep') this.controlHi = random.below(4) | (random.below(3) << 16);
    if (form === 'fast') [this.inputLo, this.inputHi] = [random.word(), random.word()];
    const at = this.#block;
    for (let word = 0; word < 8; word++) this.#put(at + word, random.word());
  }

  #registers(random: FuzzRandom): void {
    const isSet = random.below(2) === 1;
    const reps = random.oneIn(8) ? random.below(4096) : 1 + random.below(3);
    this.controlLo = isSet ? calls.HVCALL_SET_VP_REGISTERS : calls.HVCALL_GET_VP_REGISTERS;
    this.controlHi = reps | ((random.oneIn(4) ? random.below(4) : 0) << 16);
    const at = this.#block;
    this.#put(at, random.oneIn(8) ? random.word() : HV_PARTITION_ID_SELF);
    this.#put(at + 1, random.oneIn(16) ? random.word() : HV_PARTITION_ID_SELF);
    this.#put(at + 2, random.oneIn(8) ? random.word() : HV_VP_INDEX_SELF);
    this.#put(at + 3, random.oneIn(16) ? random.word() : 0);
    for (let rep = 0; rep < Math.min(reps, 3); rep++) {
      const element = at + 4 + rep * (isSet ? 8 : 1);
      this.#put(element, random.oneIn(8) ? random.word() : random.pick(registers));
      if (!isSet) continue;
      this.#put(element + 4, random.below(2) === 0 ? random.word() : SIM_PAGE | random.below(2));
      for (let word = 5; word < 8; word++) this.#put(element + word, random.oneIn(16) ? random.word() : 0);
    }
  }

  #message(random: FuzzRandom): void {
    this.controlLo = calls.HVCALL_POST_MESSAGE;
    const at = this.#block;
    this.#put(at, random.oneIn(4) ? random.word() : PORT_CONNECTION_BASE + random.below(4));
    this.#put(at + 1, random.oneIn(16) ? random.word() : 0);
    this.#put(at + 2, random.oneIn(4) ? random.word() : 1);
    this.#put(at + 3, random.oneIn(3) ? random.word() : random.below(241));
    this.#put(at + 4, random.next());
  }

  /** A VMBus control message. */
  #control(random: FuzzRandom): void {
    this.controlLo = calls.HVCALL_POST_MESSAGE;
    const type = random.oneIn(8)
      ? random.word()
      : random.pick([
          CHANNELMSG_OPENCHANNEL,
          CHANNELMSG_OPENCHANNEL,
          CHANNELMSG_CLOSECHANNEL,
          CHANNELMSG_REQUESTOFFERS,
        ]);
    const length = type === CHANNELMSG_OPENCHANNEL ? 24 : type === CHANNELMSG_CLOSECHANNEL ? 12 : 8;
    const channelId = 1 + random.below(CHANNELS);
    const at = this.#block;
    this.#put(at, VMBUS_CONNECTION_ID);
    this.#put(at + 1, 0);
    this.#put(at + 2, 1);
    this.#put(at + 3, random.oneIn(12) ? random.word() : length);
    this.#put(at + 4, type);
    this.#put(at + 5, random.oneIn(16) ? random.word() : 0);
    this.#put(at + 6, random.oneIn(8) ? random.word() : channelId);
    this.#put(at + 7, random.oneIn(6) ? random.word() : ringOf(channelId));
    this.#put(at + 8, random.oneIn(6) ? random.word() : 2);
    this.#put(at + 9, random.oneIn(6) ? random.word() : 2);
  }

  /** A packet where the host reads next, an index behind it, and the signal. */
  #packets(random: FuzzRandom): void {
    const channelId = 1 + random.below(CHANNELS);
    const ring = ringOf(channelId) >>> 2;
    const read = ((this.#words[ring + 1] as number) >>> 0) % RING_DATA_BYTES;
    const length = random.oneIn(6) ? random.word() : random.below(64);
    const at = (read & ~7) >>> 2;
    const data = ring + 1024;
    this.#put(data + at, random.oneIn(8) ? random.word() : VM_PKT_DATA_INBAND);
    this.#put(data + at + 1, length);
    const end = (read + 16 + ((length + 7) & ~7)) % RING_DATA_BYTES;
    this.#put(ring, random.oneIn(6) ? random.word() : end);
    this.#signalled(VMBUS_CHANNEL_CONNECTION_BASE + channelId, 0);
  }

  /** What a guest does when it has taken a message, without the EOM. */
  #emptySlot(random: FuzzRandom): void {
    for (let sint = 0; sint < 3; sint++) this.#words[(SIM_PAGE >>> 2) + sint * 64] = random.oneIn(4) ? 1 : 0;
    this.controlLo = calls.HVCALL_SET_VP_REGISTERS;
    this.controlHi = 1;
    this.inputLo = 0x3000;
    this.inputHi = 0;
    const element = [
      HV_PARTITION_ID_SELF,
      HV_PARTITION_ID_SELF,
      HV_VP_INDEX_SELF,
      0,
      HV_REGISTER_EOM,
      0,
      0,
      0,
      0,
      0,
    ];
    element.forEach((word, index) => {
      this.#put(0xc00 + index, word);
    });
  }

  #signal(random: FuzzRandom): void {
    const kind = random.below(4);
    const connection =
      kind === 3
        ? random.word()
        : kind === 2
          ? PORT_CONNECTION_BASE + random.below(4)
          : VMBUS_CHANNEL_CONNECTION_BASE + random.below(CHANNELS + 3);
    this.#signalled(connection, random.oneIn(4) ? random.word() : 0);
  }

  #signalled(connection: number, flag: number): void {
    this.controlLo = calls.HVCALL_SIGNAL_EVENT | calls.HV_HYPERCALL_FAST;
    this.inputLo = connection;
    this.inputHi = flag;
  }

  #keepOut(): void {
    if (isInGuard(this.outputLo)) this.outputLo |= 1;
    // Long to copy, and nobody's table to publish to: now and then is enough.
    const isPublish = (this.controlLo & 0xffff) === calls.HVCALL_PUBLISH_CODE;
    if (isPublish && this.inputHi >>> 0 > 4096 && this.inputHi >>> 0 <= MEMORY_BYTES) this.inputHi = 64;
  }
}

/** Whether a word, taken for an address, lies in the guard. */
export function isInGuard(value: number): boolean {
  return value >>> 0 >= GUARD && value >>> 0 < MEMORY_BYTES;
}
