// What the hypervisor makes of a partition process that no longer runs our program.
import { describe, expect, it } from 'vitest';
import { guestPrivileges } from '../partition/privilege-mask.ts';
import { MAX_LIMIT } from '../scheduler/limits.ts';
import { Governor } from './governor.ts';
import { FreeLauncher, type Launcher } from './launcher.ts';
import { ProcessContainer } from './process-container.ts';
import { socketPair } from './socket-pair.ts';

const configuration = {
  partitionId: 2,
  memoryPages: 1,
  privileges: guestPrivileges,
  bootArguments: '',
  granularityTicks: 1,
  hypercallsPerSecond: MAX_LIMIT,
  mayPublishCode: false,
};
/** Sends control messages from now on: first the ones it should, then `text` for ever, or as often as it says. */
const chatter = (text: string, times = 'Infinity'): string => `
  const { writeSync } = require('node:fs');
  const send = (text) => {
    const bytes = Buffer.concat([Buffer.alloc(5), Buffer.from(text)]);
    bytes.writeUInt32LE(text.length, 0);
    bytes[4] = 1;
    writeSync(4, bytes);
  };
  send('{"type":"ready","walls":[]}');
  for (let time = 0; time < ${times}; time++) send(${JSON.stringify(text)});
  setInterval(() => {}, 1000);
`;

function container(script: string): ProcessContainer {
  const free = new FreeLauncher();
  const launcher: Launcher = {
    isConfined: false,
    walls: [],
    launch: (request) => free.launch({ ...request, program: '-e', arguments: [script], engineFlags: [] }),
    close: () => free.close(),
  };
  const options = {
    configuration,
    rootSocketFd: socketPair()[0],
    governor: new Governor(),
    processors: undefined,
    cpu: { weight: 100, cap: undefined, reserve: 0 },
  };
  return new ProcessContainer(options, launcher, undefined);
}

describe('a partition process that was taken over', () => {
  it.each(['{"type":"throttled","counters":{}}', '{"type":"refused-code"}', '{"type":"nonsense"}'])(
    'is ended when it says %s without end',
    async (text) => {
      const flooding = container(chatter(text));
      await flooding.prepare().catch(() => {});
      expect(await flooding.exited).toEqual({
        kind: 'killed',
        message: 'the partition process talks too much',
      });
      await flooding.kill();
    },
  );

  it('is ended when it answers what nobody asked, and cannot answer for ever what was asked once', async () => {
    const flooding = container(chatter('{"type":"counters","counters":{"hypercalls":7}}'));
    await flooding.prepare().catch(() => {});
    const counters = await flooding.counters();
    expect([0, 7]).toContain(counters.hypercalls);
    expect(await flooding.exited).toMatchObject({ message: 'the partition process talks too much' });
    await flooding.kill();
  });

  it.each(['null', '7', '{"type":', '[]'])('is ended or ignored when it says %s once', async (text) => {
    const odd = container(chatter(text, '1'));
    await odd.prepare().catch(() => {});
    await odd.kill();
    expect(await odd.exited).toMatchObject({ kind: 'killed' });
  });
});
