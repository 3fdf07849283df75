// The order of the examples in an epoch: positions sorted by random 64-bit keys, the same order as `permutation` in
// src/glassnet/ops/philox.py.
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

// Sorts by the uppermost bits into as many buckets as there are keys, more or less, so that few keys share one; these
// are put in order one by one. Both steps keep the order of equal keys. `keys` and `sorted` hold n, `starts` buckets + 1.
inline void permute(std::int64_t* out, long n, std::uint64_t seed, std::uint32_t stream, std::uint64_t counter,
                    std::uint64_t* keys, std::uint64_t* sorted, std::int64_t* starts, int bucket_bits) {
  fill_range<random_keys>(keys, n, {seed, stream, counter}, 0);
  const long buckets = 1L << bucket_bits;
  const int shift = 64 - bucket_bits;
  for (long b = 0; b <= buckets; b++) starts[b] = 0;
  for (long i = 0; i < n; i++) starts[(keys[i] >> shift) + 1]++;
  for (long b = 0; b < buckets; b++) starts[b + 1] += starts[b];
  for (long i = 0; i < n; i++) {
    const std::int64_t at = starts[keys[i] >> shift]++;
    out[at] = i;
    sorted[at] = keys[i];
  }
  for (long i = 1; i < n; i++) {  // neighbours out of order are at most a bucket apart
    const std::uint64_t key = sorted[i];
    const std::int64_t position = out[i];
    long j = i;
    for (; j > 0 && sorted[j - 1] > key; j--) {
      sorted[j] = sorted[j - 1];
      out[j] = out[j - 1];
    }
    sorted[j] = key;
    out[j] = position;
  }
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
