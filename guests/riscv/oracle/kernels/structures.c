// Sorting with comparisons through pointers, a balanced tree, a hash table, lists, and compression: pointers and branches.
#include "kernels.h"

typedef int (*compare_fn)(const void *, const void *);

static int by_value(const void *a, const void *b) {
  int32_t left = *(const int32_t *)a, right = *(const int32_t *)b;
  return (left > right) - (left < right);
}

static int by_digits(const void *a, const void *b) {
  uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
  uint32_t left_sum = 0, right_sum = 0;
  for (; left; left /= 10) left_sum += left % 10;
  for (; right; right /= 10) right_sum += right % 10;
  return left_sum == right_sum ? by_value(a, b) : left_sum < right_sum ? -1 : 1;
}

static void quicksort(int32_t *values, int left, int right) {
  while (left < right) {
    int i = left, j = right;
    int32_t pivot = values[(left + right) / 2];
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i <= j) {
        int32_t swapped = values[i];
        values[i++] = values[j];
        values[j--] = swapped;
      }
    }
    if (j - left < right - i) {
      quicksort(values, left, j);
      left = i;
    } else {
      quicksort(values, i, right);
      right = j;
    }
  }
}

static void heapsort(int32_t *values, int count, compare_fn compare) {
  for (int start = count / 2 - 1, end = count; end > 1;) {
    if (start >= 0) start--;
    else {
      int32_t swapped = values[0];
      values[0] = values[--end];
      values[end] = swapped;
    }
    for (int at = start < 0 ? 0 : start + 1, child; (child = 2 * at + 1) < end; at = child) {
      if (child + 1 < end && compare(&values[child], &values[child + 1]) < 0) child++;
      if (compare(&values[at], &values[child]) >= 0) break;
      int32_t swapped = values[at];
      values[at] = values[child];
      values[child] = swapped;
    }
  }
}

KERNEL(sort) {
  enum { COUNT = 300 };
  static int32_t values[COUNT];
  static const compare_fn compares[] = {by_value, by_digits};
  uint64_t seed = 1, checksum = 0;
  for (uint64_t round = 0; round < rounds; round++) {
    for (int i = 0; i < COUNT; i++) values[i] = (int32_t)(next_random(&seed) >> 33) % 5000;
    if (round & 1) quicksort(values, 0, COUNT - 1);
    else heapsort(values, COUNT / 3, compares[round / 2 % 2]);
    for (int i = 0; i < COUNT; i++) checksum = mix(checksum, (uint64_t)values[i]);
  }
  return checksum;
}

struct node {
  struct node *left, *right;
  uint32_t key;
  int32_t height;
};

enum { NODES = 128 };
static struct node nodes[NODES];
static struct node *free_nodes;

static int32_t height(const struct node *node) { return node ? node->height : 0; }

static struct node *update(struct node *node) {
  int32_t left = height(node->left), right = height(node->right);
  node->height = 1 + (left > right ? left : right);
  return node;
}

static struct node *rotate(struct node *node, int to_left) {
  struct node *up = to_left ? node->right : node->left;
  if (to_left) {
    node->right = up->left;
    up->left = update(node);
  } else {
    node->left = up->right;
    up->right = update(node);
  }
  return update(up);
}

static struct node *balance(struct node *node) {
  int32_t lean = height(node->left) - height(node->right);
  if (lean > 1) {
    if (height(node->left->left) < height(node->left->right)) node->left = rotate(node->left, 1);
    return rotate(node, 0);
  }
  if (lean < -1) {
    if (height(node->right->right) < height(node->right->left)) node->right = rotate(node->right, 0);
    return rotate(node, 1);
  }
  return update(node);
}

static struct node *insert(struct node *tree, uint32_t key) {
  if (!tree) {
    struct node *node = free_nodes;
    if (!node) return NULL;
    free_nodes = node->left;
    *node = (struct node){.key = key, .height = 1};
    return node;
  }
  if (key < tree->key) tree->left = insert(tree->left, key);
  else if (key > tree->key) tree->right = insert(tree->right, key);
  return balance(tree);
}

static struct node *take_first(struct node *tree, struct node **first) {
  if (!tree->left) {
    *first = tree;
    return tree->right;
  }
  tree->left = take_first(tree->left, first);
  return balance(tree);
}

static struct node *erase(struct node *tree, uint32_t key) {
  if (!tree) return NULL;
  if (key < tree->key) tree->left = erase(tree->left, key);
  else if (key > tree->key) tree->right = erase(tree->right, key);
  else {
    struct node *left = tree->left, *right = tree->right, *first = left;
    tree->left = free_nodes;
    free_nodes = tree;
    if (!right) return left;
    right = take_first(right, &first);
    first->left = left;
    first->right = right;
    return balance(first);
  }
  return balance(tree);
}

static uint64_t walk(const struct node *tree, uint64_t checksum) {
  if (!tree) return mix(checksum, 1);
  return walk(tree->right, mix(walk(tree->left, checksum), tree->key * 64u + (uint32_t)tree->height));
}

/* Writes (distance, length) pairs and letters; gives back how many bytes. */
static size_t compress(const uint8_t *in, size_t count, uint8_t *out) {
  static uint16_t last[256];
  size_t size = 0;
  for (int i = 0; i < 256; i++) last[i] = 0xffff;
  for (size_t at = 0; at < count;) {
    size_t from = last[in[at] ^ (at + 1 < count ? in[at + 1] * 7 & 255 : 0)], length = 0;
    last[in[at] ^ (at + 1 < count ? in[at + 1] * 7 & 255 : 0)] = (uint16_t)at;
    if (from != 0xffff && at - from < 255)
      while (at + length < count && length < 100 && in[from + length] == in[at + length]) length++;
    if (length > 2) {
      out[size++] = (uint8_t)(0x80 + length);
      out[size++] = (uint8_t)(at - from);
      at += length;
    } else out[size++] = in[at++] & 0x7f;
  }
  return size;
}

static size_t expand(const uint8_t *in, size_t count, uint8_t *out) {
  size_t size = 0;
  for (size_t at = 0; at < count;) {
    uint8_t first = in[at++];
    if (first < 0x80) {
      out[size++] = first;
      continue;
    }
    size_t from = size - in[at++];
    for (int length = first - 0x80; length > 0; length--) out[size++] = out[from++];
  }
  return size;
}

KERNEL(structures) {
  uint64_t seed = 77, checksum = 0;
  free_nodes = NULL;
  for (int i = 0; i < NODES; i++) {
    nodes[i].left = free_nodes;
    free_nodes = &nodes[i];
  }
  struct node *tree = NULL;
  static uint8_t text[600], packed[900], again[600];
  for (uint64_t round = 0; round < rounds; round++) {
    for (int i = 0; i < 150; i++) {
      uint64_t random = next_random(&seed);
      uint32_t key = (uint32_t)(random >> 8) % 200;
      tree = random & 3 ? insert(tree, key) : erase(tree, key);
    }
    checksum = walk(tree, checksum);
    for (size_t i = 0; i < sizeof text; i++)
      text[i] = next_random(&seed) & 3 && i > 20 ? text[i - 13] : 'a' + next_random(&seed) % 20;
    size_t size = compress(text, sizeof text, packed);
    if (expand(packed, size, again) != sizeof text) return 0;
    for (size_t i = 0; i < sizeof text; i++)
      if (text[i] != again[i]) return 0;
    checksum = mix(checksum, size);
  }
  return checksum;
}
