// A hypervisor that starts one guest in an endless loop, says who runs it, and waits to be killed (orphan.test.ts).
import { Hypervisor, type IsolationLevel } from '../../index.ts';
import { endlessLoop, guestModule } from './guest-module.ts';

const hypervisor = await Hypervisor.start();
const partition = await hypervisor.createPartition({
  guest: { kind: 'unikernel', module: guestModule({ body: endlessLoop }) },
  isolation: process.argv[2] as IsolationLevel,
});
partition.start();
console.log(JSON.stringify({ partition: partition.pid, root: hypervisor.rootPid }));
