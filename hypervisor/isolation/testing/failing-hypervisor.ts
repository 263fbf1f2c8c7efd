// A hypervisor whose program fails while its guest idles without a deadline (orphan.test.ts).
import { Hypervisor, type IsolationLevel } from '../../index.ts';
import { guestModule, sleeper } from './guest-module.ts';

const hypervisor = await Hypervisor.start();
const partition = await hypervisor.createPartition({
  guest: { kind: 'unikernel', module: guestModule(sleeper) },
  isolation: process.argv[2] as IsolationLevel,
});
partition.start();
while ((await partition.statistics()).counters.idleCalls === 0);
console.log(JSON.stringify({ partition: partition.pid, root: hypervisor.rootPid }));
throw new Error('the program has failed');
