// Functions within functions whose addresses are taken: the compiler makes their trampolines on an executable stack.
#include <stdio.h>
#include <stdlib.h>

static unsigned long apply(unsigned long (*step)(unsigned long), int times) {
  unsigned long value = 1;
  while (times-- > 0) value = step(value);
  return value;
}

static unsigned long nest(int depth, unsigned long seed) {
  unsigned long multiply(unsigned long value) { return value * (seed | 1) + depth; }
  const unsigned long result = apply(multiply, 100);
  return depth == 0 ? result : result ^ nest(depth - 1, result);
}

int main(void) {
  int comparisons = 0;
  int numbers[5000];
  for (int index = 0; index < 5000; index++) numbers[index] = index * 7919 % 5003;
  int compare(const void *left, const void *right) {
    comparisons++;
    return *(const int *)left - *(const int *)right;
  }
  unsigned long sum = 0;
  for (int round = 0; round < 2000; round++) sum = sum * 31 + nest(round % 40, round);
  qsort(numbers, 5000, sizeof numbers[0], compare);
  for (int index = 0; index < 5000; index++) sum = sum * 33 + numbers[index];
  printf("%016lx %d\n", sum, comparisons > 5000);
  return 0;
}
