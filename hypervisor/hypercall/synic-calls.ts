// HvPostMessage and HvSignalEvent (TLFS: "HvCallPostMessage", "HvCallSignalEvent").
import { HV_PRIVILEGE_POST_MESSAGES, HV_PRIVILEGE_SIGNAL_EVENTS } from '../abi/privileges.ts';
import {
  HV_STATUS_ACCESS_DENIED,
  HV_STATUS_INVALID_CONNECTION_ID,
  HV_STATUS_INVALID_PARAMETER,
  HV_STATUS_SUCCESS,
} from '../abi/status.ts';
import {
  HV_MESSAGE_MAX_PAYLOAD,
  HV_MESSAGE_TYPE_HYPERVISOR_MASK,
  HV_POST_MESSAGE_INPUT_BYTES,
} from '../abi/synic.ts';
import {
  PORT_CONNECTION_BASE,
  VMBUS_CHANNEL_CONNECTION_BASE,
  VMBUS_CONNECTION_ID,
  VMBUS_MAX_CHANNELS,
  VMBUS_MESSAGE_TYPE,
} from '../abi/vmbus.ts';
import { hasPrivilege } from '../partition/privilege-mask.ts';
import { count } from '../virtual-processor/control-block.ts';
import { checkBlock, type HypercallContext } from './hypercall-context.ts';

const PAYLOAD_OFFSET = 16;

/** HvPostMessage: copies the whole input once, then looks at the copy. */
export function postMessage(context: HypercallContext, inputLo: number, inputHi: number): number {
  if (!hasPrivilege(context.privileges, HV_PRIVILEGE_POST_MESSAGES)) return HV_STATUS_ACCESS_DENIED;
  const status = checkBlock(context, inputLo, inputHi, HV_POST_MESSAGE_INPUT_BYTES);
  if (status !== HV_STATUS_SUCCESS) return status;
  const input = context.memory.bytes.slice(inputLo, inputLo + HV_POST_MESSAGE_INPUT_BYTES);
  const view = new DataView(input.buffer);
  const connectionId = view.getUint32(0, true);
  const type = view.getUint32(8, true);
  const size = view.getUint32(12, true);
  if (
    view.getUint32(4, true) !== 0 ||
    type === 0 ||
    (type & HV_MESSAGE_TYPE_HYPERVISOR_MASK) !== 0 ||
    size > HV_MESSAGE_MAX_PAYLOAD
  ) {
    return HV_STATUS_INVALID_PARAMETER;
  }
  const payload = input.subarray(PAYLOAD_OFFSET, PAYLOAD_OFFSET + size);
  if (connectionId === VMBUS_CONNECTION_ID) {
    return type === VMBUS_MESSAGE_TYPE ? context.vmbus.control(payload) : HV_STATUS_INVALID_PARAMETER;
  }
  if (connectionId < PORT_CONNECTION_BASE) return HV_STATUS_INVALID_CONNECTION_ID;
  count(context.words, 'messagesPosted');
  return context.vmbus.forwardMessage(connectionId, type, payload);
}

/** HvSignalEvent: a channel's event drains its ring; another partition's goes through the root partition. */
export function signalEvent(context: HypercallContext, connectionId: number, flag: number): number {
  if (!hasPrivilege(context.privileges, HV_PRIVILEGE_SIGNAL_EVENTS)) return HV_STATUS_ACCESS_DENIED;
  if (flag > 0xffff) return HV_STATUS_INVALID_PARAMETER;
  count(context.words, 'eventsSignalled');
  const channelId = connectionId - VMBUS_CHANNEL_CONNECTION_BASE;
  if (channelId >= 1 && channelId <= VMBUS_MAX_CHANNELS) {
    return flag === 0 ? context.vmbus.drainChannel(channelId) : HV_STATUS_INVALID_PARAMETER;
  }
  if (connectionId < PORT_CONNECTION_BASE) return HV_STATUS_INVALID_CONNECTION_ID;
  return context.vmbus.forwardEvent(connectionId, flag);
}
