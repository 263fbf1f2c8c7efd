// Digests, long numbers, matrices and floating point: mostly loops of arithmetic.
#include "kernels.h"

static uint32_t rotate_right(uint32_t x, int by) { return x >> by | x << (32 - by); }

KERNEL(digest) {
  enum { BYTES = 512 };
  static uint8_t data[BYTES];
  static uint32_t table[256];
  uint64_t seed = 5;
  uint32_t state[8] = {1, 2, 3, 4, 5, 6, 7, 8}, crc = ~0u;
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; bit++) value = value & 1 ? value >> 1 ^ 0xedb88320u : value >> 1;
    table[i] = value;
  }
  for (uint64_t round = 0; round < rounds; round++) {
    for (int i = 0; i < BYTES; i++) data[i] = (uint8_t)next_random(&seed);
    for (int i = 0; i < BYTES; i++) crc = table[(crc ^ data[i]) & 255] ^ crc >> 8;
    for (int at = 0; at < BYTES; at += 64) {
      uint32_t w[64];
      for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)data[at + 4 * i] << 24 | (uint32_t)data[at + 4 * i + 1] << 16 |
               (uint32_t)data[at + 4 * i + 2] << 8 | data[at + 4 * i + 3];
      for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + w[i - 7] + (rotate_right(w[i - 15], 7) ^ w[i - 15] >> 3) + (rotate_right(w[i - 2], 17) ^ w[i - 2] >> 10);
      for (int i = 0; i < 64; i++) {
        uint32_t one = state[7] + (rotate_right(state[4], 6) ^ rotate_right(state[4], 25)) +
                       ((state[4] & state[5]) ^ (~state[4] & state[6])) + (uint32_t)i * 0x9e3779b1u + w[i];
        uint32_t two = rotate_right(state[0], 2) ^ (state[0] & state[1]) ^ (state[0] & state[2]);
        for (int j = 7; j > 0; j--) state[j] = state[j - 1];
        state[4] += one;
        state[0] = one + two;
      }
    }
  }
  return mix((uint64_t)state[0] << 32 | state[5], crc);
}

enum { LIMBS = 6 };

static void multiply(const uint64_t a[LIMBS], const uint64_t b[LIMBS], uint64_t out[LIMBS]) {
  for (int i = 0; i < LIMBS; i++) out[i] = 0;
  for (int i = 0; i < LIMBS; i++) {
    uint64_t carry = 0;
    for (int j = 0; i + j < LIMBS; j++) {
      unsigned __int128 product = (unsigned __int128)a[i] * b[j] + out[i + j] + carry;
      out[i + j] = (uint64_t)product;
      carry = (uint64_t)(product >> 64);
    }
  }
}

static uint64_t divide(uint64_t a[LIMBS], uint32_t by) {
  uint64_t rest = 0;
  for (int i = LIMBS - 1; i >= 0; i--) {
    uint64_t high = rest << 32 | a[i] >> 32;
    rest = high % by;
    uint64_t low = rest << 32 | (a[i] & 0xffffffff);
    rest = low % by;
    a[i] = (high / by) << 32 | low / by;
  }
  return rest;
}

static uint64_t gcd(uint64_t a, uint64_t b) { return b ? gcd(b, a % b) : a; }

static int bits(uint64_t x) {
  int count = 0;
  for (; x; x &= x - 1) count++;
  return count;
}

KERNEL(numbers) {
  uint64_t seed = 9, checksum = 0, a[LIMBS], b[LIMBS], product[LIMBS];
  for (int i = 0; i < LIMBS; i++) a[i] = b[i] = next_random(&seed);
  for (uint64_t round = 0; round < 10 * rounds; round++) {
    multiply(a, b, product);
    for (int i = 0; i < LIMBS; i++) a[i] = product[(i + 1) % LIMBS] | 1;
    checksum = mix(checksum, divide(product, 1000003 + (uint32_t)round));
    int64_t left = (int64_t)next_random(&seed) >> (round & 31), right = (int64_t)(next_random(&seed) >> 40) - 8388608;
    if (!right) right = 1;
    checksum = mix(checksum, (uint64_t)(left / right) ^ (uint64_t)(left % right));
    checksum = mix(checksum, (uint64_t)((int32_t)left / (int32_t)right) + (uint32_t)left / 7u);
    checksum = mix(checksum, gcd((uint64_t)left >> 1, (uint64_t)right & 0xffffff));
    checksum = mix(checksum, (uint64_t)bits((uint64_t)left) + (uint64_t)(((__int128)left * right) >> 64));
  }
  return checksum;
}

enum { SIDE = 10 };

KERNEL(matrix) {
  static int32_t a[SIDE][SIDE], b[SIDE][SIDE];
  static int64_t c[SIDE][SIDE];
  static double x[SIDE][SIDE], y[SIDE][SIDE];
  uint64_t seed = 3, checksum = 0;
  for (uint64_t round = 0; round < rounds; round++) {
    for (int i = 0; i < SIDE; i++)
      for (int j = 0; j < SIDE; j++) {
        a[i][j] = (int16_t)next_random(&seed);
        b[i][j] = (int16_t)next_random(&seed);
        x[i][j] = a[i][j] / 16.0;
        y[i][j] = b[i][j] * 0.3;
      }
    for (int i = 0; i < SIDE; i++)
      for (int j = 0; j < SIDE; j++) {
        int64_t sum = 0;
        double total = 0;
        for (int k = 0; k < SIDE; k++) {
          sum += (int64_t)a[i][k] * b[k][j];
          total += x[i][k] * y[k][j];
        }
        c[i][j] = sum;
        checksum = mix(checksum, (uint64_t)(int64_t)total);
      }
    for (int i = 0; i < SIDE; i++) checksum = mix(checksum, (uint64_t)c[i][(i * 7) % SIDE]);
  }
  return checksum;
}

static uint64_t bits_of(double value) {
  union {
    double value;
    uint64_t bits;
  } both = {value};
  return both.bits;
}

static double root(double x) {
  double guess = x > 1 ? x / 2 : 1;
  for (int i = 0; i < 6; i++) guess = (guess + x / guess) / 2;
  return guess;
}

static float horner(const float *coefficients, int count, float x) {
  float value = 0;
  while (count--) value = value * x + coefficients[count];
  return value;
}

struct body {
  double place[3], speed[3], mass;
};

KERNEL(floats) {
  static const float coefficients[] = {1, -0.5f, 0.25f, 3.75f, -8, 0.01f};
  struct body bodies[3];
  uint64_t seed = 21, checksum = 0;
  for (int i = 0; i < 3; i++) {
    bodies[i].mass = 1 + i;
    for (int axis = 0; axis < 3; axis++) {
      bodies[i].place[axis] = (double)(int32_t)next_random(&seed) / 1e9;
      bodies[i].speed[axis] = (double)(int8_t)next_random(&seed) / 100;
    }
  }
  for (uint64_t round = 0; round < 8 * rounds; round++) {
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++) {
        double apart[3], distance = 0.001;
        if (i == j) continue;
        for (int axis = 0; axis < 3; axis++) {
          apart[axis] = bodies[j].place[axis] - bodies[i].place[axis];
          distance += apart[axis] * apart[axis];
        }
        double pull = 0.001 * bodies[j].mass / (distance * root(distance));
        for (int axis = 0; axis < 3; axis++) bodies[i].speed[axis] += apart[axis] * pull;
      }
    for (int i = 0; i < 3; i++)
      for (int axis = 0; axis < 3; axis++) bodies[i].place[axis] += 0.01 * bodies[i].speed[axis];
    float value = horner(coefficients, 6, (float)bodies[round % 3].place[round % 2]);
    checksum = mix(checksum, bits_of(bodies[round % 3].place[2]) ^ bits_of(value));
    int32_t whole = (int32_t)(bodies[0].speed[0] * 1000) + (int32_t)(uint32_t)(value * value);
    checksum = mix(checksum, (uint64_t)(whole * (int64_t)(value < bodies[1].place[0] ? 3 : 5)));
    checksum = mix(checksum, bits_of(__builtin_fabs(-value) + (float)(uint64_t)next_random(&seed)));
  }
  return checksum;
}
