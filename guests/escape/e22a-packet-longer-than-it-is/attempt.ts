import type { Attempt } from '../attempt.ts';

export const packetLongerThanItIs: Attempt = {
  id: 'E22a',
  name: 'send a packet that is longer than its ring',
  boundary: 'guest and hypervisor',
  wants: 'integrity',
  ancestor:
    'descriptor and ring lengths taken at their word: Firecracker vsock CVE-2019-18960, vhost CVE-2019-14835',
  statement:
    "A guest writes a packet header that claims 4104 bytes into a ring that holds 24, and kicks the channel. A host that believed the length would read past the packet into whatever lies behind it and hand that on. The hypervisor's reader compares the length, copied once, with what the indices say is there; the channel is closed for it.",
  heldBy: [['ring-packet-length']],
  async run(stage) {
    stage.tries('to have 4104 bytes taken from a ring that holds 24');
    const { text, statistics } = await stage.runGuest({ guest: 'e22a-packet-longer-than-it-is' });
    const { bytesSent, ringFaults } = statistics.counters;
    const evidence = [text.trim(), `ring faults ${ringFaults}, bytes taken from rings ${bytesSent}`];
    for (const line of evidence) stage.sees(line);
    return { hasSucceeded: text.includes('status 0') && bytesSent >= 4104, evidence };
  },
};
