// The order of the examples in an epoch: positions sorted by random 64-bit keys, the same order as `permutation` in
// src/glassnet/ops/philox.py.
//
// Two rounds of putting into buckets by the uppermost bits, the first so coarse that its buckets, some 400 keys, stay in
// the L1 cache during the second; what is left out of order are neighbours, put in order one by one. In one round over
// all, each key missed the cache three times: 19 ns a key for 100,000 of them instead of 5.
#pragma once
#include "philox.h"

namespace glassnet {
namespace GLASSNET_ISA {

struct random_keys {
  typedef std::uint64_t number;
  static constexpr long per_block = 2;
  static GLASSNET_INLINE void fill(std::uint64_t* out, block_words b) {
    const uvec<double> mask = splat(std::uint64_t{0xffffffffu});
    const two<uvec<double>> keys = interleave<uvec<double>>((b.word[0] << 32) | (b.word[1] & mask),
                                                            (b.word[2] << 32) | (b.word[3] & mask));
    store(out, keys.first);
    store(out + width<double>, keys.second);
  }
};

struct keyed {
  std::uint64_t key;
  std::int64_t position;
};

constexpr long most_coarse_buckets = 1L << 11, most_fine_buckets = 1L << 20;

// Counts become the places where the buckets begin.
inline void begin_buckets(std::int64_t* counts, long buckets) {
  std::int64_t at = 0;
  for (long b = 0; b < buckets; b++) {
    const std::int64_t count = counts[b];
    counts[b] = at;
    at += count;
  }
}

// Sorts n keys whose uppermost `known` bits are the same, and writes their positions. `sorted` holds n; `starts` holds
// the buckets, up to 4 n. Keys that are equal stay in their order.
inline void sort_fine(std::int64_t* out, const keyed* from, long n, int known, keyed* sorted, std::int64_t* starts) {
  int bits = 1;
  while ((1L << bits) < 2 * n && (1L << bits) < most_fine_buckets) bits++;  // twice as many buckets: few keys share one
  const long buckets = 1L << bits;
  const int shift = 64 - bits;
  for (long b = 0; b < buckets; b++) starts[b] = 0;
  for (long i = 0; i < n; i++) starts[(from[i].key << known) >> shift]++;
  begin_buckets(starts, buckets);
  for (long i = 0; i < n; i++) sorted[starts[(from[i].key << known) >> shift]++] = from[i];
  for (long i = 1; i < n; i++) {
    const keyed now = sorted[i];
    long j = i;
    for (; j > 0 && sorted[j - 1].key > now.key; j--) sorted[j] = sorted[j - 1];
    sorted[j] = now;
  }
  for (long i = 0; i < n; i++) out[i] = sorted[i].position;
}

// How many 8-byte words `permute` needs to work in.
inline long permute_work(long n) { return n + 4 * n + 4 * n + most_coarse_buckets + 64; }

inline void permute(std::int64_t* out, long n, std::uint64_t seed, std::uint32_t stream, std::uint64_t counter,
                    std::int64_t* work) {
  std::uint64_t* keys = reinterpret_cast<std::uint64_t*>(work);
  keyed* coarse = reinterpret_cast<keyed*>(work + n);
  keyed* sorted = coarse + n;
  std::int64_t* starts = work + 5 * n;  // of the fine buckets, then of the coarse ones
  std::int64_t* ends = starts + 4 * n + 32;
  fill_range<random_keys>(keys, n, {seed, stream, counter}, 0);
  int bits = 0;
  while ((n >> bits) > 512 && (1L << bits) < most_coarse_buckets) bits++;
  const long buckets = 1L << bits;
  const int shift = 63 - bits;  // in two steps, since a shift by 64 is none
  for (long b = 0; b < buckets; b++) ends[b] = 0;
  for (long i = 0; i < n; i++) ends[(keys[i] >> 1) >> shift]++;
  begin_buckets(ends, buckets);
  for (long i = 0; i < n; i++) coarse[ends[(keys[i] >> 1) >> shift]++] = {keys[i], i};
  long begin = 0;
  for (long b = 0; b < buckets; b++) {
    sort_fine(out + begin, coarse + begin, ends[b] - begin, bits, sorted, starts);
    begin = ends[b];
  }
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
