// The receiving end of the file channel: descriptors that the hypervisor process hands over, recvmsg(2) with
// SCM_RIGHTS through the engine's foreign function interface (hypervisor/docs/decisions/0003). The sender sends a
// descriptor before the control message that names it, so it is already there when that message is handled and
// nothing needs to watch the channel.
import ffi from 'node:ffi';
import { closeSync } from 'node:fs';

const MSG_DONTWAIT = 0x40;
const MSG_CMSG_CLOEXEC = 0x40000000;
const MSG_CTRUNC = 8;
const SCM_RIGHTS_BYTES = 20n;
/** Descriptors that no message has named yet; more than this is a broken sender. */
const UNCLAIMED_LIMIT = 256;

type ReceiveMessage = (fd: number, message: bigint, flags: number) => bigint | number;

export class FileDescriptors {
  readonly #channelFd: number;
  readonly #receive: ReceiveMessage;
  readonly #unclaimed = new Map<number, number>();
  // One block that stays where it is: msghdr 56 | pad 8 | iovec 16 | control 24 | the number 4.
  readonly #block = new ArrayBuffer(112);

  constructor(channelFd: number) {
    this.#channelFd = channelFd;
    this.#receive = ffi.dlopen(null, {
      recvmsg: { arguments: ['i32', 'pointer', 'i32'], return: 'i64' },
    }).functions.recvmsg as ReceiveMessage;
  }

  /** Takes the descriptor announced with `number`; the caller then owns it. Undefined when there is none. */
  take(number: number): number | undefined {
    this.#receiveAll();
    const fd = this.#unclaimed.get(number);
    this.#unclaimed.delete(number);
    return fd;
  }

  /** Closes what was never taken. */
  close(): void {
    this.#receiveAll();
    for (const fd of this.#unclaimed.values()) closeSync(fd);
    this.#unclaimed.clear();
  }

  #receiveAll(): void {
    for (let isMore = true; isMore; ) isMore = this.#receiveOne();
  }

  #receiveOne(): boolean {
    const base = ffi.getRawPointer(this.#block);
    const view = new DataView(this.#block);
    view.setBigUint64(16, base + 64n, true);
    view.setBigUint64(24, 1n, true);
    view.setBigUint64(32, base + 80n, true);
    view.setBigUint64(40, 24n, true);
    view.setBigUint64(64, base + 104n, true);
    view.setBigUint64(72, 4n, true);
    if (Number(this.#receive(this.#channelFd, base, MSG_DONTWAIT | MSG_CMSG_CLOEXEC)) !== 4) return false;
    if ((view.getInt32(48, true) & MSG_CTRUNC) !== 0) return true;
    if (view.getBigUint64(40, true) === 0n || view.getBigUint64(80, true) !== SCM_RIGHTS_BYTES) return true;
    const number = view.getUint32(104, true);
    const fd = view.getInt32(96, true);
    if (this.#unclaimed.size >= UNCLAIMED_LIMIT || this.#unclaimed.has(number)) closeSync(fd);
    else this.#unclaimed.set(number, fd);
    return true;
  }
}
