// `npm run bench:covert`: how many bits per second two partitions that may not talk get across all the same. See options.ts.
import { Hypervisor } from '../../hypervisor/index.ts';
import { EXIT_FAILED, failedBy, runCommand } from '../command.ts';
import { untilAborted, watchSignals } from '../interruption.ts';
import { describeMachine } from '../machine.ts';
import { placementLacks } from '../placement.ts';
import { Progress } from '../progress.ts';
import { type ChannelDescription, channels, openChannel } from './channels.ts';
import { type ChannelReading, CovertPair, type Setting } from './meter.ts';
import { type CovertOptions, HELP, parseCovertOptions } from './options.ts';
import { bestOf, type CovertReport, isTrialPassed, reportLines } from './report.ts';

interface Meter {
  hypervisor: Hypervisor;
  options: CovertOptions;
  progress: Progress;
  signal: AbortSignal;
}

const wantedChannels = ({ options }: Meter): ChannelDescription[] =>
  channels.filter(({ name }) => options.channels.includes(name));

async function withPair<T>(
  meter: Meter,
  setting: Setting,
  use: (pair: CovertPair) => Promise<T>,
): Promise<T> {
  const { hypervisor, signal } = meter;
  await using pair = await CovertPair.start(hypervisor, setting);
  return await untilAborted(use(pair), signal);
}

async function trial(meter: Meter): Promise<CovertReport['trial']> {
  const { options, progress } = meter;
  const isolation = options.levels[0] ?? 'process';
  progress.step('trial of the meter');
  return withPair(meter, { isolation, placement: 'free', granularityNs: 100 }, async (pair) => {
    const shortest = ({ slotsMs }: ChannelDescription): number => Math.min(...slotsMs);
    const open = await pair.meter(openChannel, shortest(openChannel), options.slots, true);
    const silent: (ChannelReading & { channel: string })[] = [];
    for (const channel of wantedChannels(meter)) {
      const reading = await pair.meter(channel, shortest(channel), options.slots, false);
      silent.push({ channel: channel.name, ...reading });
    }
    return { open, silent, isPassed: isTrialPassed(open, silent) };
  });
}

function settingsOf({ levels, placements, granularitiesNs }: CovertOptions): Setting[] {
  return levels.flatMap((isolation) =>
    placements.flatMap((placement) =>
      granularitiesNs.map((granularityNs) => ({ isolation, placement, granularityNs })),
    ),
  );
}

async function meterAll(meter: Meter, report: CovertReport): Promise<void> {
  const { options, progress } = meter;
  for (const setting of settingsOf(options)) {
    const { isolation, placement, granularityNs } = setting;
    const reason = placementLacks(placement, isolation);
    if (reason !== undefined) {
      report.skipped.push({ ...setting, reason });
      continue;
    }
    await withPair(meter, setting, async (pair) => {
      for (const channel of wantedChannels(meter)) {
        const what = `${channel.name}, level ${isolation}, ${placement}, clock ${granularityNs} ns`;
        const all: ChannelReading[] = [];
        for (const slotMs of channel.slotsMs) {
          progress.step(`${what}, slots of ${slotMs} ms`);
          all.push(await pair.meter(channel, slotMs, options.slots, true));
        }
        const best = bestOf(all);
        report.channels.push({ channel: channel.name, ...setting, best, all });
        progress.say(`${what}: ${best.rate.toFixed(2)} bits/s`);
      }
    });
  }
}

async function main(words: readonly string[]): Promise<number> {
  const options = parseCovertOptions(words);
  if (options === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  const signal = watchSignals();
  const machine = describeMachine();
  const progress = new Progress(process.stderr);
  await using hypervisor = await Hypervisor.start();
  const meter: Meter = { hypervisor, options, progress, signal };
  try {
    const report: CovertReport = {
      machine,
      slots: options.slots,
      modulation: [openChannel, ...wantedChannels(meter)],
      trial: await trial(meter),
      channels: [],
      skipped: [],
    };
    await meterAll(meter, report);
    progress.end();
    const text = options.isJson ? JSON.stringify(report, null, 2) : reportLines(report).join('\n');
    process.stdout.write(`${text}\n`);
    return report.trial.isPassed ? 0 : EXIT_FAILED;
  } catch (error) {
    progress.end();
    return failedBy(error, signal);
  }
}

await runCommand(main);
