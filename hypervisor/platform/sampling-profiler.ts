// The engine's sampling profiler on the calling thread (V8 Inspector Protocol, "Profiler"). For looking at our own guests:
// only partitions at isolation level `thread` use it, a confined process may not.
import { type Profiler, Session } from 'node:inspector';

/** Time spent in one function. */
export interface ProfileEntry {
  /** WebAssembly functions are called as their modules' name sections say. */
  name: string;
  isWasm: boolean;
  /** For JavaScript that WebAssembly called: the functions on the way there, the first one first. */
  calledFor: readonly string[];
  milliseconds: number;
}

const INTERVAL_US = 250;
const MOST_ENTRIES = 2000;

export class SamplingProfiler {
  #session: Session | undefined;
  readonly #milliseconds = new Map<string, ProfileEntry>();

  get isOn(): boolean {
    return this.#session !== undefined;
  }

  start(): void {
    const session = new Session();
    session.connect();
    session.post('Profiler.enable');
    session.post('Profiler.setSamplingInterval', { interval: INTERVAL_US });
    session.post('Profiler.start');
    this.#session = session;
  }

  /** Sessions on one's own thread answer before `post` returns. */
  stop(): void {
    this.#session?.post('Profiler.stop', (_error, answer) => {
      if (answer !== undefined) this.#add(answer.profile);
    });
    this.#session?.disconnect();
    this.#session = undefined;
  }

  /** Everything sampled so far, most time first. */
  entries(): ProfileEntry[] {
    return [...this.#milliseconds.values()]
      .sort((a, b) => b.milliseconds - a.milliseconds)
      .slice(0, MOST_ENTRIES);
  }

  #add({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): void {
    const byId = new Map(nodes.map((node) => [node.id, node]));
    const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
    for (const [index, id] of samples.entries()) {
      const node = byId.get(id);
      // The profiler's own start is no part of what it looks at.
      if (node === undefined || node.callFrame.url === 'node:inspector') continue;
      const way: string[] = [];
      let at: Profiler.ProfileNode | undefined = node;
      for (; at !== undefined && !isWasm(at); at = byId.get(parents.get(at.id) ?? -1))
        if (at.callFrame.functionName !== '') way.unshift(at.callFrame.functionName);
      const entry = {
        name: node.callFrame.functionName,
        isWasm: isWasm(node),
        calledFor: at === undefined ? [] : way,
        milliseconds: (timeDeltas[index] ?? 0) / 1000,
      };
      const key = `${entry.isWasm} ${entry.calledFor.join('/')} ${entry.name}`;
      const known = this.#milliseconds.get(key);
      if (known === undefined) this.#milliseconds.set(key, entry);
      else known.milliseconds += entry.milliseconds;
    }
  }
}

const isWasm = ({ callFrame }: Profiler.ProfileNode): boolean => callFrame.url.startsWith('wasm:');
