// A throw-away OpenPGP key and detached signatures (RFC 9580, version 4 packets, RSA), so that tests can make apt
// verify an archive of theirs without any key tool on the machine.
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

const PACKET_SIGNATURE = 2;
const PACKET_PUBLIC_KEY = 6;
const PACKET_USER_ID = 13;
const SIGNATURE_BINARY_DOCUMENT = 0x00;
const SIGNATURE_POSITIVE_CERTIFICATION = 0x13;
const ALGORITHM_RSA = 1;
const HASH_SHA256 = 8;

export class OpenPgpKey {
  /** A keyring with this one key, for Signed-By. */
  readonly keyring: Buffer;
  readonly #privateKey: KeyObject;
  readonly #fingerprint: Buffer;
  readonly #createdAtSeconds = Math.floor(Date.now() / 1000) - 3600;

  constructor(userId = 'archive for tests') {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 });
    this.#privateKey = privateKey;
    const jwk = publicKey.export({ format: 'jwk' });
    const modulus = Buffer.from(jwk.n!, 'base64url');
    const exponent = Buffer.from(jwk.e!, 'base64url');
    const prologue = Buffer.from([4, ...bytes32(this.#createdAtSeconds), ALGORITHM_RSA]);
    const body = Buffer.concat([prologue, integer(modulus), integer(exponent)]);
    const keyMaterial = Buffer.concat([Buffer.from([0x99, body.length >> 8, body.length & 255]), body]);
    this.#fingerprint = createHash('sha1').update(keyMaterial).digest();
    const id = Buffer.from(userId);
    const certified = Buffer.concat([keyMaterial, Buffer.from([0xb4, ...bytes32(id.length)]), id]);
    this.keyring = Buffer.concat([
      packet(PACKET_PUBLIC_KEY, body),
      packet(PACKET_USER_ID, id),
      this.#signature(SIGNATURE_POSITIVE_CERTIFICATION, certified, [[27, Buffer.from([3])]]),
    ]);
  }

  /** An armoured detached signature: what Release.gpg holds. */
  signDetached(document: Buffer): string {
    const signature = this.#signature(SIGNATURE_BINARY_DOCUMENT, document, []);
    const lines = signature.toString('base64').match(/.{1,64}/g) ?? [];
    const check = Buffer.from(bytes32(crc24(signature)).slice(1)).toString('base64');
    return [
      '-----BEGIN PGP SIGNATURE-----',
      '',
      ...lines,
      `=${check}`,
      '-----END PGP SIGNATURE-----',
      '',
    ].join('\n');
  }

  #signature(type: number, signed: Buffer, extra: readonly (readonly [number, Buffer])[]): Buffer {
    const hashed = Buffer.concat([
      subpacket(2, Buffer.from(bytes32(this.#createdAtSeconds + 60))),
      subpacket(33, Buffer.from([4, ...this.#fingerprint])),
      ...extra.map(([kind, value]) => subpacket(kind, value)),
    ]);
    const prefix = Buffer.from([
      4,
      type,
      ALGORITHM_RSA,
      HASH_SHA256,
      hashed.length >> 8,
      hashed.length & 255,
    ]);
    const head = Buffer.concat([prefix, hashed]);
    const data = Buffer.concat([signed, head, Buffer.from([4, 0xff, ...bytes32(head.length)])]);
    const unhashed = subpacket(16, this.#fingerprint.subarray(12));
    const digest = createHash('sha256').update(data).digest();
    return packet(
      PACKET_SIGNATURE,
      Buffer.concat([
        head,
        Buffer.from([unhashed.length >> 8, unhashed.length & 255]),
        unhashed,
        digest.subarray(0, 2),
        integer(sign('sha256', data, this.#privateKey)),
      ]),
    );
  }
}

function packet(tag: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0xc0 | tag, 0xff, ...bytes32(body.length)]), body]);
}

function subpacket(kind: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([value.length + 1, kind]), value]);
}

/** A multiprecision integer: its length in bits, then its bytes without leading zeros. */
function integer(bytes: Buffer): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0);
  const value = bytes.subarray(start);
  const bits = value.length * 8 - (Math.clz32(value[0]!) - 24);
  return Buffer.concat([Buffer.from([bits >> 8, bits & 255]), value]);
}

function bytes32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

function crc24(bytes: Buffer): number {
  let crc = 0xb704ce;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x800000 ? (crc << 1) ^ 0x1864cfb : crc << 1;
  }
  return crc & 0xffffff;
}
