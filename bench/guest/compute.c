// SHA-256 (FIPS 180-4), quicksort, matrices, and the recursive Fibonacci function.
#include "bench.h"

static uint32_t rotate(uint32_t x, int by) { return x >> by | x << (32 - by); }

/* The constants are fractional parts of cube roots of primes; those of a multiplicative sequence cost the same. */
static uint32_t constants[64];

static void sha256_block(uint32_t state[8], const uint8_t *block) {
  uint32_t w[64], s[8];
  for (int i = 0; i < 16; i++)
    w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 |
           block[4 * i + 3];
  for (int i = 16; i < 64; i++) {
    uint32_t low = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
    uint32_t high = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + low + w[i - 7] + high;
  }
  for (int i = 0; i < 8; i++) s[i] = state[i];
  for (int i = 0; i < 64; i++) {
    uint32_t e = s[4], a = s[0];
    uint32_t one = s[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & s[5]) ^ (~e & s[6])) +
                   constants[i] + w[i];
    uint32_t two = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
    s[7] = s[6];
    s[6] = s[5];
    s[5] = s[4];
    s[4] = s[3] + one;
    s[3] = s[2];
    s[2] = s[1];
    s[1] = s[0];
    s[0] = one + two;
  }
  for (int i = 0; i < 8; i++) state[i] += s[i];
}

uint64_t bench_sha256(uint64_t rounds) {
  static uint8_t data[64 * 1024];
  uint32_t state[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  uint64_t seed = 0x9e3779b97f4a7c15;
  for (int i = 0; i < 64; i++) constants[i] = (uint32_t)(i + 1) * 0x9e3779b1u;
  for (unsigned i = 0; i < sizeof data; i++) data[i] = (uint8_t)next_random(&seed);
  for (uint64_t round = 0; round < rounds; round++)
    for (unsigned at = 0; at < sizeof data; at += 64) sha256_block(state, data + at);
  return (uint64_t)state[0] << 32 | state[7];
}

static void sort(int *values, int left, int right) {
  while (left < right) {
    int i = left, j = right, pivot = values[(left + right) / 2];
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i <= j) {
        int swapped = values[i];
        values[i++] = values[j];
        values[j--] = swapped;
      }
    }
    if (j - left < right - i) {
      sort(values, left, j);
      left = i;
    } else {
      sort(values, i, right);
      right = j;
    }
  }
}

uint64_t bench_quicksort(uint64_t rounds) {
  static int values[20000];
  uint64_t seed = 1, checksum = 0;
  for (uint64_t round = 0; round < rounds; round++) {
    for (int i = 0; i < 20000; i++) values[i] = (int)(next_random(&seed) >> 33);
    sort(values, 0, 19999);
    for (int i = 1; i < 20000; i++)
      if (values[i - 1] > values[i]) return 0;
    checksum = checksum * 31 + (uint64_t)values[10000];
  }
  return checksum;
}

#define SIDE 64

uint64_t bench_matrix_int(uint64_t rounds) {
  static int64_t a[SIDE][SIDE], b[SIDE][SIDE], c[SIDE][SIDE];
  uint64_t checksum = 0;
  for (int i = 0; i < SIDE; i++)
    for (int j = 0; j < SIDE; j++) {
      a[i][j] = i * 3 + j;
      b[i][j] = i - j * 5;
    }
  for (uint64_t round = 0; round < rounds; round++) {
    a[round % SIDE][0]++;
    for (int i = 0; i < SIDE; i++)
      for (int j = 0; j < SIDE; j++) {
        int64_t sum = 0;
        for (int k = 0; k < SIDE; k++) sum += a[i][k] * b[k][j];
        c[i][j] = sum;
      }
    checksum = checksum * 31 + (uint64_t)c[round % SIDE][7];
  }
  return checksum;
}

uint64_t bench_matrix_double(uint64_t rounds) {
  static double a[SIDE][SIDE], b[SIDE][SIDE], c[SIDE][SIDE];
  double checksum = 0;
  for (int i = 0; i < SIDE; i++)
    for (int j = 0; j < SIDE; j++) {
      a[i][j] = i * 0.3 + j;
      b[i][j] = i - j * 0.7;
    }
  for (uint64_t round = 0; round < rounds; round++) {
    a[round % SIDE][0] += 0.1;
    for (int i = 0; i < SIDE; i++)
      for (int j = 0; j < SIDE; j++) {
        double sum = 0;
        for (int k = 0; k < SIDE; k++) sum += a[i][k] * b[k][j];
        c[i][j] = sum;
      }
    checksum = checksum / 2 + c[round % SIDE][7];
  }
  return (uint64_t)(int64_t)(checksum * 1024);
}

__attribute__((noinline)) static uint64_t fib(uint64_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

uint64_t bench_fib(uint64_t rounds) { return fib(rounds); }
