// What CoreMark measures, by code of our own: a linked list that is searched, reversed and sorted, a small matrix of 16-bit
// numbers, a state machine over text, and a CRC over all results. As there, every round works on the same data and must
// come to the same result.
#include "bench.h"
#include <stddef.h>
#include <string.h>

static uint16_t crc16(uint16_t crc, uint16_t value) {
  for (int bit = 0; bit < 16; bit++) {
    int carry = (crc ^ value) & 1;
    crc >>= 1;
    value >>= 1;
    if (carry) crc ^= 0xa001;
  }
  return crc;
}

struct node {
  struct node *next;
  int16_t key;
  int16_t value;
};

#define NODES 40
static struct node nodes[NODES];

static struct node *build_list(uint64_t *seed) {
  for (int i = 0; i < NODES; i++) {
    uint64_t random = next_random(seed);
    nodes[i].next = i + 1 < NODES ? &nodes[i + 1] : NULL;
    nodes[i].key = (int16_t)(random & 0x7fff);
    nodes[i].value = (int16_t)(random >> 16 & 0xff);
  }
  return nodes;
}

static struct node *reverse(struct node *list) {
  struct node *done = NULL;
  while (list) {
    struct node *next = list->next;
    list->next = done;
    done = list;
    list = next;
  }
  return done;
}

static struct node *find(struct node *list, int16_t value) {
  while (list && list->value != value) list = list->next;
  return list;
}

typedef int (*compare_fn)(const struct node *, const struct node *);
static int by_key(const struct node *a, const struct node *b) { return a->key - b->key; }
static int by_value(const struct node *a, const struct node *b) { return a->value - b->value; }

/* Merge sort, bottom up. */
static struct node *sort(struct node *list, compare_fn compare) {
  for (int width = 1;; width *= 2) {
    struct node *left = list, *tail = NULL;
    int merges = 0;
    list = NULL;
    while (left) {
      struct node *right = left;
      int left_size = 0, right_size = width;
      merges++;
      while (left_size < width && right) {
        left_size++;
        right = right->next;
      }
      while (left_size > 0 || (right_size > 0 && right)) {
        struct node *taken;
        if (left_size && (!right_size || !right || compare(left, right) <= 0)) {
          taken = left;
          left = left->next;
          left_size--;
        } else {
          taken = right;
          right = right->next;
          right_size--;
        }
        if (tail) tail->next = taken;
        else list = taken;
        tail = taken;
      }
      left = right;
    }
    tail->next = NULL;
    if (merges <= 1) return list;
  }
}

static uint16_t run_list(uint64_t *seed, uint16_t crc) {
  struct node *list = build_list(seed);
  for (int16_t value = 0; value < 24; value++) {
    struct node *found = find(list, value);
    crc = crc16(crc, found ? (uint16_t)found->key : 1);
    list = reverse(list);
  }
  list = sort(list, by_key);
  for (struct node *node = list; node; node = node->next) crc = crc16(crc, (uint16_t)node->value);
  list = sort(list, by_value);
  return crc16(crc, (uint16_t)list->key);
}

#define SIDE 12
static int16_t a[SIDE * SIDE], b[SIDE * SIDE];
static int32_t c[SIDE * SIDE];

static uint16_t run_matrix(uint64_t *seed, uint16_t crc) {
  for (int i = 0; i < SIDE * SIDE; i++) {
    uint64_t random = next_random(seed);
    a[i] = (int16_t)random;
    b[i] = (int16_t)(random >> 16);
  }
  int16_t scale = (int16_t)(*seed & 0xff);
  for (int i = 0; i < SIDE * SIDE; i++) a[i] = (int16_t)(a[i] + scale);
  for (int i = 0; i < SIDE; i++)
    for (int j = 0; j < SIDE; j++) {
      int32_t sum = 0;
      for (int k = 0; k < SIDE; k++) {
        int32_t product = a[i * SIDE + k] * b[k * SIDE + j];
        sum += (product >> 2 & 0xf) * (product >> 5 & 0x7f);
      }
      c[i * SIDE + j] = sum;
    }
  int32_t last = 0, total = 0;
  for (int i = 0; i < SIDE * SIDE; i++) {
    total += c[i] > last ? 10 : c[i];
    last = c[i];
  }
  return crc16(crc, (uint16_t)total);
}

enum state { START, SIGN, INTEGER, FRACTION, EXPONENT, EXPONENT_SIGN, SCIENTIFIC, INVALID, STATES };
static const char *const texts[] = {"5012,",  "-874,",    "+122,",   "35.54400,", ".1234500,", "-110.700,",
                                    "5.5e+3,", "-.123e-2,", "T0.3e-1F,", "-T.T++Tq,", "1T3.4e4z,", "34.0e-T^,"};

static int is_digit(char letter) { return letter >= '0' && letter <= '9'; }

static enum state step(enum state state, char letter) {
  switch (state) {
    case START:
      if (is_digit(letter)) return INTEGER;
      if (letter == '+' || letter == '-') return SIGN;
      return letter == '.' ? FRACTION : INVALID;
    case SIGN:
      if (is_digit(letter)) return INTEGER;
      return letter == '.' ? FRACTION : INVALID;
    case INTEGER:
      if (letter == '.') return FRACTION;
      return is_digit(letter) ? INTEGER : INVALID;
    case FRACTION:
      if (letter == 'e' || letter == 'E') return EXPONENT;
      return is_digit(letter) ? FRACTION : INVALID;
    case EXPONENT:
      return letter == '+' || letter == '-' ? EXPONENT_SIGN : INVALID;
    case EXPONENT_SIGN:
    case SCIENTIFIC:
      return is_digit(letter) ? SCIENTIFIC : INVALID;
    default:
      return INVALID;
  }
}

static uint16_t run_states(uint64_t *seed, uint16_t crc) {
  static char text[512];
  uint32_t ends[STATES] = {0}, steps[STATES] = {0};
  size_t length = 0;
  while (length < 480) {
    const char *piece = texts[next_random(seed) % (sizeof texts / sizeof *texts)];
    size_t size = strlen(piece);
    memcpy(text + length, piece, size);
    length += size;
  }
  text[length] = 0;
  for (const char *at = text; *at;) {
    enum state state = START;
    for (; *at && *at != ','; at++)
      if (state != INVALID) {
        state = step(state, *at);
        steps[state]++;
      }
    if (*at) at++;
    ends[state]++;
  }
  for (int i = 0; i < STATES; i++) crc = crc16(crc16(crc, (uint16_t)ends[i]), (uint16_t)steps[i]);
  return crc;
}

uint64_t bench_core(uint64_t rounds) {
  uint64_t sum = 0;
  uint16_t last = 0;
  for (uint64_t round = 0; round < rounds; round++) {
    uint64_t seed = 0x2545f4914f6cdd1d;
    uint16_t crc = run_list(&seed, 0xffff);
    crc = run_matrix(&seed, crc);
    crc = run_states(&seed, crc);
    if (round && crc != last) return 0;
    last = crc;
    sum += crc;
  }
  return sum;
}
