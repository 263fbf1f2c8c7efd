// Reads flattened device trees strictly: every token must be where the specification has it (Devicetree Specification
// 0.4, chapter 5). Written from the specification, not from the writer.

export interface TreeNode {
  name: string;
  properties: Map<string, Buffer>;
  children: TreeNode[];
}

const BEGIN_NODE = 1;
const END_NODE = 2;
const PROPERTY = 3;
const END = 9;

function expectEqual(what: string, came: readonly number[], expected: readonly number[]): void {
  if (came.join() !== expected.join()) throw new Error(`device tree: ${what} ${came}, expected ${expected}`);
}

/** @throws on anything that the specification does not have there */
export function readDeviceTree(blob: Buffer): TreeNode {
  const word = (i: number): number => blob.readUInt32BE(4 * i);
  expectEqual('header', [word(0), word(1), word(5), word(6)], [0xd00dfeed, blob.length, 17, 16]);
  const [structure, strings, reservations] = [word(2), word(3), word(4)];
  const [stringsBytes, structureBytes] = [word(8), word(9)];
  expectEqual('reservations at', [reservations % 8], [0]);
  const isEmpty = blob.subarray(reservations, reservations + 16).every((byte) => byte === 0);
  if (!isEmpty || strings + stringsBytes > blob.length) throw new Error('device tree: blocks');
  let at = structure;
  const text = (from: number): string => {
    const end = blob.indexOf(0, from);
    if (end < 0) throw new Error(`device tree: a string without end at ${from}`);
    return blob.toString('latin1', from, end);
  };
  const align = (): void => {
    at = (at + 3) & ~3;
  };
  const node = (): TreeNode => {
    const result: TreeNode = { name: text(at), properties: new Map(), children: [] };
    at += result.name.length + 1;
    align();
    for (;;) {
      const token = blob.readUInt32BE(at);
      at += 4;
      if (token === END_NODE) return result;
      if (token === BEGIN_NODE) result.children.push(node());
      else {
        expectEqual('token', [token, result.children.length], [PROPERTY, 0]);
        const [length, name] = [blob.readUInt32BE(at), text(strings + blob.readUInt32BE(at + 4))];
        if (result.properties.has(name)) throw new Error(`device tree: ${name} twice`);
        result.properties.set(name, blob.subarray(at + 8, at + 8 + length));
        at += 8 + length;
        align();
      }
    }
  };
  expectEqual('first token', [blob.readUInt32BE(at)], [BEGIN_NODE]);
  at += 4;
  const root = node();
  expectEqual('end', [blob.readUInt32BE(at), at + 4], [END, structure + structureBytes]);
  return root;
}
