import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  HV_STATUS_ACCESS_DENIED,
  HV_STATUS_INSUFFICIENT_MEMORY,
  HV_STATUS_INVALID_PARTITION_ID,
  HV_STATUS_INVALID_PARTITION_STATE,
  HV_STATUS_SUCCESS,
} from '../abi/status.ts';
import { type PartitionId, PartitionTable, ROOT_PARTITION_ID } from './partition-table.ts';
import { guestPrivileges, privilegeMask, rootPrivileges } from './privilege-mask.ts';

const request = { name: 'guest', privileges: guestPrivileges, memoryQuotaBytes: 64 };
const created = (table: PartitionTable): PartitionId => {
  const { status, id } = table.create(ROOT_PARTITION_ID, request);
  expect(status).toBe(HV_STATUS_SUCCESS);
  return id as PartitionId;
};

describe('partition table', () => {
  it('denies the root partition too, once its privilege bit is cleared', () => {
    const table = new PartitionTable(1000);
    table.setPrivileges(ROOT_PARTITION_ID, privilegeMask([36, 37, 44]));
    expect(table.create(ROOT_PARTITION_ID, request).status).toBe(HV_STATUS_ACCESS_DENIED);
    expect(table.list()).toHaveLength(1);
  });

  it('denies a guest the creation, and hides other partitions from it', () => {
    const table = new PartitionTable(1000);
    const id = created(table);
    expect(table.create(id, request).status).toBe(HV_STATUS_ACCESS_DENIED);
    table.setPrivileges(id, rootPrivileges);
    const other = created(table);
    expect(table.move(id, other, 'initialized')).toBe(HV_STATUS_INVALID_PARTITION_ID);
    expect(table.delete(id, ROOT_PARTITION_ID)).toBe(HV_STATUS_INVALID_PARTITION_ID);
  });

  it('lets nobody give away a privilege that it does not have', () => {
    const table = new PartitionTable(1000);
    table.setPrivileges(ROOT_PARTITION_ID, privilegeMask([32]));
    expect(table.create(ROOT_PARTITION_ID, request).status).toBe(HV_STATUS_ACCESS_DENIED);
  });

  it('charges the memory quota and gives it back on deletion', () => {
    const table = new PartitionTable(100);
    const id = created(table);
    expect(table.create(ROOT_PARTITION_ID, request).status).toBe(HV_STATUS_INSUFFICIENT_MEMORY);
    expect(table.delete(ROOT_PARTITION_ID, id)).toBe(HV_STATUS_SUCCESS);
    expect(table.freeBytes).toBe(100);
    expect(created(table)).not.toBe(id);
  });

  it('changes nothing on an illegal call, whatever the sequence', () => {
    const call = fc.record({
      operation: fc.constantFrom('create', 'initialized', 'active', 'paused', 'finalized', 'delete'),
      target: fc.integer({ min: 0, max: 6 }),
    });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 60 }), (calls) => {
        const table = new PartitionTable(400);
        for (const { operation, target } of calls) {
          const before = JSON.stringify(table.list());
          const id = target as PartitionId;
          let status: number;
          if (operation === 'create') status = table.create(ROOT_PARTITION_ID, request).status;
          else if (operation === 'delete') status = table.delete(ROOT_PARTITION_ID, id);
          else status = table.move(ROOT_PARTITION_ID, id, operation as 'active');
          if (status !== HV_STATUS_SUCCESS) expect(JSON.stringify(table.list())).toBe(before);
          if (status === HV_STATUS_INVALID_PARTITION_STATE) expect(table.get(id)).toBeDefined();
        }
        const quota = table.list().reduce((sum, entry) => sum + entry.memoryQuotaBytes, 0);
        expect(table.freeBytes).toBe(400 - quota);
      }),
      { numRuns: 300 },
    );
  });
});
