// Asks for more than its ring of answers holds, closes the channel when the ring is full, opens it again on the same
// memory, and looks whether the answers that had waited for room arrive there.
import { CHANNEL_SERVICE_ENTROPY } from '../../../hypervisor/abi/channels/services.ts';
import { HV_EXIT_POWER_OFF, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
import { idle } from '../../lib/hv.ts';
import { exitPartition } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';
import { vmbusRegion } from '../../lib/partition.ts';
import { ringFreeBytes, ringPacketBytes } from '../../lib/ring.ts';
import {
  channelIncomingBytes,
  channelIncomingRing,
  channelKick,
  channelQueue,
  closeChannel,
  findChannel,
  openChannel,
} from '../../lib/vmbus.ts';
import { FIRST_NEW, lateAnswers } from '../e30a-late-completion/guest.ts';

const QUESTIONS: u32 = 12;
/** The ring of one page has room for four. */
const ANSWER_BYTES: u32 = 1000;

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const region = vmbusRegion();
  const entropy = findChannel(region, CHANNEL_SERVICE_ENTROPY, 'entropy');
  const ring = allocatePages(4);
  const question = allocatePages(1);
  store<u32>(question, ANSWER_BYTES);
  openChannel(region, entropy, ring, 1, 1);
  for (let asked: u32 = 0; asked < QUESTIONS; asked++) channelQueue(entropy, asked, question, 8);
  channelKick(entropy);
  const incoming = channelIncomingRing(entropy);
  const bytes = channelIncomingBytes(entropy);
  while (ringFreeBytes(incoming, bytes) >= ringPacketBytes(ANSWER_BYTES)) idle(Infinity);
  closeChannel(region, entropy);
  openChannel(region, entropy, ring, 1, 1);
  channelQueue(entropy, FIRST_NEW, question, 8);
  channelKick(entropy);
  const late = lateAnswers(entropy, 1);
  consoleWrite(console, `${late} answers came that an earlier opening of their channel was to get\n`);
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
