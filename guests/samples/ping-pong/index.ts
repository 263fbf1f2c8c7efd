// Two partitions play ping-pong with SynIC messages over the root partition's broker. Boot arguments: role=ping or
// role=pong, connection=<id> to the other's port, rounds=<n>. The number travels and grows by one at each end.
import {
  HV_EXIT_GUEST_FAILURE,
  HV_EXIT_POWER_OFF,
  HV_VP_HALTED,
} from '../../../hypervisor/abi/hypercalls.ts';
import { HV_MESSAGE_PAYLOAD_OFFSET, HV_MESSAGE_SIZE } from '../../../hypervisor/abi/synic.ts';
import { bootArgumentIs, bootArgumentNumber, readBootArguments } from '../../lib/boot-arguments.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
import { idle } from '../../lib/hv.ts';
import { exitPartition, postMessage } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';
import { vmbusRegion } from '../../lib/partition.ts';
import { PEER_SINT, releaseMessage } from '../../lib/vmbus.ts';

const MESSAGE_TYPE: u32 = 2;

function send(page: usize, connection: u32, number: u64): bool {
  store<u32>(page, connection);
  store<u32>(page, 0, 4);
  store<u32>(page, MESSAGE_TYPE, 8);
  store<u32>(page, 8, 12);
  store<u64>(page, number, 16);
  return (postMessage(page) & 0xffff) == 0;
}

function receive(): u64 {
  const slot = vmbusRegion() + PEER_SINT * HV_MESSAGE_SIZE;
  while (atomic.load<u32>(slot) == 0) idle(Infinity);
  const number = load<u64>(slot + HV_MESSAGE_PAYLOAD_OFFSET);
  releaseMessage(vmbusRegion(), PEER_SINT);
  return number;
}

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const page = allocatePages(1);
  readBootArguments(page);
  const isPing = bootArgumentIs(page, 'role', 'ping');
  const connection = <u32>bootArgumentNumber(page, 'connection', 0);
  const rounds = bootArgumentNumber(page, 'rounds', 100);
  const message = allocatePages(1);
  consoleWrite(console, isPing ? 'ping is ready\n' : 'pong is ready\n');
  let number: u64 = 0;
  for (let round: u64 = 0; round < rounds; round++) {
    if (isPing && !send(message, connection, number)) break;
    number = receive() + 1;
    if (!isPing && !send(message, connection, number)) break;
  }
  const isRight = number == rounds * 2 - (isPing ? 0 : 1);
  consoleWrite(console, `${isPing ? 'ping' : 'pong'} ends with ${number}\n`);
  exitPartition(isRight ? HV_EXIT_POWER_OFF : HV_EXIT_GUEST_FAILURE, isRight ? 0 : 1);
  return HV_VP_HALTED;
}
