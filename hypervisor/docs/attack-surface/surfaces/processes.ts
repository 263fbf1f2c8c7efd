// What Cofferdam's own processes say to each other, and what the jail lets them ask of the kernel.
import type { SourceTree } from '../source-tree.ts';
import type { Boundary, FoundSurface, SurfaceGroup } from '../surface.ts';
import { objectProperties, unionMembers } from './syntax-queries.ts';

const CONTROL_STREAM = 'hypervisor/isolation/control-stream.ts';
const ROOT_CONTROL = 'hypervisor/vmbus/root-control.ts';
const ROOT_REQUESTS = 'root-partition/control-requests.ts';
const LAUNCHER = 'hypervisor/isolation/launcher-protocol.ts';
const PROFILES = 'hypervisor/isolation/seccomp/profiles.ts';

function messages(
  tree: SourceTree,
  path: string,
  type: string,
  id: string,
  boundary: Boundary,
): FoundSurface[] {
  const file = tree.file(path);
  return unionMembers(file.find(type)).map(({ name, node }) => ({
    id: `${id}.${name}`,
    boundary,
    file: path,
    texts: [file.textOf(node)],
  }));
}

const controlStream: SurfaceGroup = {
  name: 'control-stream',
  find: (tree) => [
    ...messages(tree, CONTROL_STREAM, 'ControlEvent', 'control.event', 'partition process → hypervisor'),
    ...messages(tree, CONTROL_STREAM, 'ControlRequest', 'control.request', 'hypervisor → partition process'),
    ...messages(tree, LAUNCHER, 'LauncherEvent', 'launcher.event', 'partition process → hypervisor'),
  ],
};

const rootControl: SurfaceGroup = {
  name: 'root-control',
  find(tree) {
    const file = tree.file(ROOT_REQUESTS);
    const requests = ['requestShapes', 'channelShapes', 'volumeShapes'].flatMap((table) =>
      objectProperties(file.find(table)).map(({ name, node }) => ({
        id: `root-control.${table}.${name}`,
        boundary: 'hypervisor → root partition' as const,
        file: ROOT_REQUESTS,
        texts: [file.textOf(node)],
      })),
    );
    const types = tree.file(ROOT_CONTROL);
    return [
      ...requests,
      ...messages(tree, ROOT_CONTROL, 'RootEvent', 'root-control.event', 'root partition → hypervisor'),
      {
        id: 'root-control.answer',
        boundary: 'root partition → hypervisor' as const,
        file: ROOT_CONTROL,
        texts: [types.textOf(types.find('RootAnswer'))],
      },
    ];
  },
};

interface SystemCallRule {
  call: string;
  verdict: string;
}

/** The calls that the filters of running processes let through, by the table that the filters are assembled from. */
const systemCalls: SurfaceGroup = {
  name: 'system-calls',
  async find(tree) {
    const profiles = await tree.evaluate(PROFILES);
    const allowed = (profile: string, id: string, boundary: Boundary): FoundSurface[] =>
      (profiles[profile] as SystemCallRule[])
        .filter(({ verdict }) => verdict === 'allow')
        .map((rule) => ({
          id: `system-call.${id}.${rule.call}`,
          boundary,
          file: PROFILES,
          texts: [JSON.stringify(rule)],
        }));
    return [
      ...allowed('partitionRules', 'partition', 'partition process → kernel'),
      ...allowed('rootPartitionRules', 'root', 'root partition → kernel'),
    ];
  },
};

export const processes: readonly SurfaceGroup[] = [controlStream, rootControl, systemCalls];
