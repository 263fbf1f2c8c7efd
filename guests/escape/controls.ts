// The catalogue of controls. Each can be taken away, alone or with others, by `node build.ts --without ID+ID`.
import type { Control } from './control.ts';
import { channelControls } from './controls/channels.ts';
import { controlStreamControls } from './controls/control-stream.ts';
import { engineControls } from './controls/engine.ts';
import { hypercallControls } from './controls/hypercalls.ts';
import { jailControls } from './controls/jail.ts';
import { machineControls } from './controls/machine.ts';
import { messageControls } from './controls/messages.ts';
import { publishingControls } from './controls/publishing.ts';
import { rootPartitionControls } from './controls/root-partition.ts';
import { schedulerControls } from './controls/scheduler.ts';
import type { SourceEdit } from './source-edit.ts';

export const controls: readonly Control[] = [
  ...machineControls,
  ...engineControls,
  ...publishingControls,
  ...hypercallControls,
  ...messageControls,
  ...channelControls,
  ...controlStreamControls,
  ...rootPartitionControls,
  ...jailControls,
  ...schedulerControls,
];

export function findControl(id: string): Control {
  const control = controls.find((each) => each.id === id);
  if (control !== undefined) return control;
  throw new RangeError(`no control ${JSON.stringify(id)}; "cofferdam escape controls" lists them`);
}

/** `a+b` → the controls a and b. @throws RangeError when there is no such control */
export const controlSet = (ids: string): Control[] => ids.split('+').map(findControl);

/** The name of a set, the same for the same controls in any order. */
export const nameOfSet = (ids: readonly string[]): string => [...new Set(ids)].sort().join('+');

export const removalOf = (set: readonly Control[]): SourceEdit[] => set.flatMap(({ removal }) => removal);
