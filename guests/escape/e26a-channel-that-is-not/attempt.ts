import type { Attempt } from '../attempt.ts';

export const channelThatIsNot: Attempt = {
  id: 'E26a',
  name: "open a channel in the hypervisor's own state",
  boundary: 'guest and hypervisor',
  wants: 'integrity',
  ancestor: 'guest-given numbers used as references: Hyper-V vmswitch OIDs, CVE-2021-28476',
  statement:
    "Channels are rows of a table in memory that no guest can reach; a guest names them by number. This one names row 2117 of 63, which falls into the hypervisor's queue of messages, at a place whose words look like a channel that is offered. Opening it writes the guest's numbers into the hypervisor's state and has it speak of a channel that the root partition does not know. Numbers are compared with the table's size first.",
  heldBy: [['channel-numbers']],
  async run(stage) {
    stage.tries('to open channel 2117 of 63');
    const { text, exit } = await stage.runGuest({ guest: 'e26a-channel-that-is-not' });
    if (!text.includes('opening')) throw new Error(`the guest opened no channel: ${exit.message}`);
    const evidence = [text.trim().replaceAll('\n', ', '), exit.message];
    for (const line of evidence) stage.sees(line);
    // Nobody here stops the guest: that it is not heard to its end is the root partition's answer to the frame.
    const isCutOff = !text.includes('status');
    return { hasSucceeded: isCutOff || text.includes('status 0'), evidence };
  },
};
