// What Dhrystone measures, by code of our own: assignments of records and strings, comparisons, small procedures.
#include "bench.h"
#include <string.h>

enum kind { FIRST, SECOND, THIRD, FOURTH, FIFTH };
struct record {
  struct record *link;
  enum kind kind;
  int number;
  char text[31];
};

static struct record records[2];
static int table[50], grid[50][50];
static char letter;
static int flag;

__attribute__((noinline)) static enum kind classify(char a, char b) { return a == b ? FIRST : SECOND; }

__attribute__((noinline)) static int compare_texts(const char *a, const char *b) {
  int at = 2;
  while (at <= 2)
    if (classify(a[at], b[at + 1]) == FIRST) at = 3;
    else at++;
  return strcmp(a, b) > 0 ? (flag = at + 7, 1) : 0;
}

__attribute__((noinline)) static void sum(int a, int b, int *result) { *result = a + 2 + b; }

__attribute__((noinline)) static enum kind next_kind(enum kind kind) {
  switch (kind) {
    case FIRST:
      return FIRST;
    case SECOND:
      return flag > 100 ? FIRST : FOURTH;
    case THIRD:
      return SECOND;
    case FOURTH:
      return FIFTH;
    default:
      return THIRD;
  }
}

__attribute__((noinline)) static void fill(int *row, int (*rows)[50], int a, int b) {
  int at = a + 5;
  row[at] = b;
  row[at + 1] = row[at];
  row[at + 30] = at;
  for (int i = at; i <= at + 1; i++) rows[at][i] = at;
  rows[at][at - 1]++;
  rows[at + 20][at] = row[at];
  flag = 5;
}

__attribute__((noinline)) static void copy_record(struct record *from) {
  struct record *to = from->link;
  *to = *from;
  from->number = 5;
  to->number = from->number;
  to->link = from->link;
  if (to->kind == FIRST) {
    to->number = 6;
    to->kind = next_kind(from->kind);
    sum(to->number, 10, &to->number);
  } else *from = *to;
}

uint64_t bench_records(uint64_t rounds) {
  uint64_t checksum = 0;
  char one[31], two[31];
  records[0] = (struct record){.link = &records[1], .kind = FIRST, .number = 40, .text = "A RECORD OF THIRTY CHARACTERS."};
  strcpy(one, "THE FIRST OF TWO LONG STRINGS.");
  for (uint64_t round = 0; round < rounds; round++) {
    int a = 2, b = 3, c = 0;
    letter = 'A' + (char)(round & 1);
    strcpy(two, "THE OTHER OF TWO LONG STRINGS.");
    enum kind kind = compare_texts(one, two) ? SECOND : THIRD;
    while (a < b) {
      c = 5 * a - b;
      sum(a, b, &c);
      a++;
    }
    fill(table, grid, a, c);
    copy_record(&records[0]);
    for (char at = 'A'; at <= letter; at++)
      if (kind == (enum kind)classify(at, 'C')) kind = next_kind(FIRST);
    b = b * a;
    a = b / c;
    b = 7 * (b - c) - a;
    checksum += (uint64_t)(a + b + c + kind + records[1].number + grid[8][8] + flag);
  }
  return checksum;
}
