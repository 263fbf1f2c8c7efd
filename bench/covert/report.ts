// What a run of the covert-channel meter found, as data and as lines for people.
import { type Machine, machineLine } from '../machine.ts';
import { alignColumns } from '../tables.ts';
import type { ChannelDescription } from './channels.ts';
import type { ChannelReading, Setting } from './meter.ts';

export interface MeteredChannel extends Setting {
  channel: string;
  /** Of the slot length with the highest rate. */
  best: ChannelReading;
  all: ChannelReading[];
}

export interface CovertReport {
  machine: Machine;
  slots: number;
  modulation: readonly ChannelDescription[];
  /** The meter on itself: a channel open on purpose, and every channel's receiver with nobody sending. */
  trial: { open: ChannelReading; silent: (ChannelReading & { channel: string })[]; isPassed: boolean };
  channels: MeteredChannel[];
  skipped: (Setting & { reason: string })[];
}

const NS_PER_US = 1000;
/** What must come through in a slot of the channel that is open, and what may seem to when nobody sends. */
const OPEN_CAPACITY = 0.5;
const SILENT_CAPACITY = 0.1;

export function isTrialPassed(open: ChannelReading, silent: readonly ChannelReading[]): boolean {
  return open.capacity >= OPEN_CAPACITY && silent.every((each) => each.capacity < SILENT_CAPACITY);
}

export const bestOf = (readings: readonly ChannelReading[]): ChannelReading =>
  readings.reduce((best, each) => (each.rate > best.rate ? each : best));

const showRate = ({ rate, leastRate, mostRate }: ChannelReading): string =>
  `${rate.toFixed(2)} (${leastRate.toFixed(2)}–${mostRate.toFixed(2)})`;

const showErrors = ({ errors, bits }: ChannelReading): string => `${errors}/${bits}`;

export function reportLines(report: CovertReport): string[] {
  const { machine, slots, modulation, trial, channels, skipped } = report;
  const heads = ['channel', 'level', 'placement', 'clock', 'bits/s', 'errors', 'slot'];
  const rows = channels.map(({ channel, isolation, placement, granularityNs, best }) => [
    channel,
    isolation,
    placement,
    `${granularityNs / NS_PER_US} µs`,
    showRate(best),
    showErrors(best),
    `${best.slotMs} ms`,
  ]);
  return [
    machineLine(machine),
    `${slots} slots a measurement, half of them to learn from; bits/s: capacity of a binary symmetric channel with the`,
    'errors seen, with the range that 95 % of such runs leave open; the best of the slot lengths.',
    ...modulation.map(
      ({ name, one, zero, value }) => `${name}: one ${one}, zero ${zero}; received: ${value}`,
    ),
    '',
    `trial, open channel: ${showRate(trial.open)} bits/s, errors ${showErrors(trial.open)}`,
    ...trial.silent.map(
      (each) => `trial, ${each.channel}, nobody sends: ${showRate(each)} bits/s, errors ${showErrors(each)}`,
    ),
    `the meter ${trial.isPassed ? 'passed' : 'FAILED'} its trial`,
    '',
    ...alignColumns([heads, ...rows], 3),
    ...skipped.map(
      ({ isolation, placement, reason }) => `not measured: level ${isolation}, ${placement}: ${reason}`,
    ),
  ];
}
