// The sending end of the file channel to the root partition process: sendmsg(2) with SCM_RIGHTS through the engine's
// foreign function interface (hypervisor/docs/decisions/0003). Linux, 64-bit little-endian layouts of msghdr.
import ffi from 'node:ffi';

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;

type SendMessage = (fd: number, message: bigint, flags: number) => bigint | number;
let libcSendMessage: SendMessage | undefined;

export class SendFileDescriptorError extends Error {
  readonly code = 'SEND_FILE_DESCRIPTOR_FAILED';
}

/** Numbers descriptors and hands them to the process at the other end of `channelFd`, which the caller owns. */
export class FileDescriptorSender {
  readonly #channelFd: number;
  #nextNumber = 1;
  // One block that stays where it is: msghdr 56 | pad 8 | iovec 16 | control 24 | the number 4.
  readonly #block = new ArrayBuffer(112);

  constructor(channelFd: number) {
    this.#channelFd = channelFd;
    const base = ffi.getRawPointer(this.#block);
    const view = new DataView(this.#block);
    view.setBigUint64(16, base + 64n, true);
    view.setBigUint64(24, 1n, true);
    view.setBigUint64(32, base + 80n, true);
    view.setBigUint64(40, 24n, true);
    view.setBigUint64(64, base + 104n, true);
    view.setBigUint64(72, 4n, true);
    view.setBigUint64(80, 20n, true);
    view.setInt32(88, SOL_SOCKET, true);
    view.setInt32(92, SCM_RIGHTS, true);
  }

  /**
   * Duplicates `fd` into the other process. Never blocks. The caller may close `fd` afterwards.
   * @returns the number under which control messages name it @throws SendFileDescriptorError
   */
  send(fd: number): number {
    libcSendMessage ??= ffi.dlopen(null, {
      sendmsg: { arguments: ['i32', 'pointer', 'i32'], return: 'i64' },
    }).functions.sendmsg as SendMessage;
    const number = this.#nextNumber;
    const view = new DataView(this.#block);
    view.setInt32(96, fd, true);
    view.setUint32(104, number, true);
    const sent = libcSendMessage(
      this.#channelFd,
      ffi.getRawPointer(this.#block),
      MSG_DONTWAIT | MSG_NOSIGNAL,
    );
    if (Number(sent) !== 4) {
      throw new SendFileDescriptorError(`descriptor ${fd} was not taken: root partition gone, or far behind`);
    }
    this.#nextNumber++;
    return number;
  }
}
