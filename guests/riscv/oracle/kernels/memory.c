// Strings, copies at any alignment and across pages, packed structures, and atomic operations.
#include "kernels.h"

static void copy(uint8_t *to, const uint8_t *from, size_t count) {
  if (to > from && to < from + count)
    while (count--) to[count] = from[count];
  else {
    for (; count >= 8; count -= 8, to += 8, from += 8) __builtin_memcpy(to, from, 8);
    while (count--) *to++ = *from++;
  }
}

static size_t length(const char *text) {
  const char *at = text;
  while (*at) at++;
  return (size_t)(at - text);
}

static int compare(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return (uint8_t)*a - (uint8_t)*b;
}

static const char *find(const char *text, const char *part) {
  for (; *text; text++) {
    const char *a = text, *b = part;
    while (*b && *a == *b) a++, b++;
    if (!*b) return text;
  }
  return NULL;
}

static char *print(char *out, int64_t value) {
  char digits[24];
  int count = 0;
  uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
  do digits[count++] = (char)('0' + left % 10);
  while (left /= 10);
  if (value < 0) *out++ = '-';
  while (count) *out++ = digits[--count];
  *out = 0;
  return out;
}

static int64_t parse(const char *text) {
  int64_t value = 0;
  int is_negative = *text == '-';
  for (text += is_negative; *text >= '0' && *text <= '9'; text++) value = value * 10 + (*text - '0');
  return is_negative ? -value : value;
}

struct __attribute__((packed)) packed {
  uint8_t kind;
  uint32_t number;
  uint64_t wide;
  int16_t small;
  double real;
};

KERNEL(bytes) {
  enum { BYTES = 8192 + 256 };
  static uint8_t memory[BYTES];
  static struct packed table[12];
  uint64_t seed = 31, checksum = 0;
  for (int i = 0; i < BYTES; i++) memory[i] = (uint8_t)(i * 7);
  for (uint64_t round = 0; round < 3 * rounds; round++) {
    /* Mostly about a page's end, wherever the array begins. */
    size_t to = 3900 + next_random(&seed) % 300, from = next_random(&seed) % 4000, count = next_random(&seed) % 200;
    copy(memory + to, memory + from, count);
    copy(memory + from, memory + to + round % 5, count / 2);
    checksum = mix(checksum, memory[to] + memory[from + count / 2] * 256u);
    char text[64], *end = text;
    end = print(end, (int64_t)next_random(&seed) >> (round % 50));
    *end++ = '|';
    end = print(end, -1 - (int64_t)round);
    checksum = mix(checksum, length(text) + (uint64_t)parse(text) + (uint64_t)(find(text, "|-") - text));
    checksum = mix(checksum, (uint64_t)compare(text, "-5000000"));
    for (int i = 0; i < 12; i++) {
      struct packed *at = &table[(i * 5 + (int)round) % 12];
      at->number += at->kind + (uint32_t)i;
      at->wide = mix(at->wide, at->number);
      at->small = (int16_t)(at->small * 3 + i);
      at->real = at->real / 2 + at->small;
      at->kind ^= (uint8_t)at->wide;
      checksum = mix(checksum, at->wide + (uint64_t)(int64_t)at->real);
    }
  }
  return checksum;
}

KERNEL(atomics) {
  static uint32_t word, lock;
  static uint64_t wide, queue[8];
  uint64_t seed = 41, checksum = 0;
  word = 0;
  wide = 0;
  for (uint64_t round = 0; round < 12 * rounds; round++) {
    uint64_t random = next_random(&seed);
    checksum = mix(checksum, __atomic_fetch_add(&word, (uint32_t)random, __ATOMIC_SEQ_CST));
    checksum = mix(checksum, __atomic_fetch_xor(&wide, random, __ATOMIC_ACQ_REL));
    checksum = mix(checksum, __atomic_exchange_n(&queue[random & 7], random, __ATOMIC_ACQUIRE));
    checksum = mix(checksum, __atomic_fetch_and(&queue[random >> 3 & 7], ~random, __ATOMIC_RELAXED));
    uint32_t expected = 0;
    while (!__atomic_compare_exchange_n(&lock, &expected, 1, 1, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) expected = 0;
    uint64_t old = wide;
    while (!__atomic_compare_exchange_n(&wide, &old, old * 3 + 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
    }
    __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
    checksum = mix(checksum, wide);
  }
  return checksum;
}
