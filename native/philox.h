// Random numbers: Philox 4×32 with 10 rounds, and uniform and normal numbers from its words, with the
// same bits as src/glassnet/ops/philox.py on every machine.
//
// Source: Salmon, Moraes, Dror & Shaw, Parallel random numbers: as easy as 1, 2, 3 (SC 2011). A number is
// a function of seed, stream, counter and position, so any range of positions can be filled alone.
#pragma once
#include "vecmath_log.h"

namespace glassnet {
namespace GLASSNET_ISA {

// The products of the low halves of 64-bit lanes.
GLASSNET_INLINE uvec<double> multiply_low(uvec<double> a, uvec<double> b) {
#if defined(__AVX512F__)
  return uvec<double>(_mm512_maskz_mul_epu32(__mmask8(-1), __m512i(a), __m512i(b)));
#elif defined(__AVX2__)
  return uvec<double>(_mm256_mul_epu32(__m256i(a), __m256i(b)));
#elif defined(__x86_64__)
  return uvec<double>(_mm_mul_epu32(__m128i(a), __m128i(b)));
#elif defined(__aarch64__)
  return uvec<double>(vmull_u32(vmovn_u64(uint64x2_t(a)), vmovn_u64(uint64x2_t(b))));
#else
  return (a & 0xffffffffu) * (b & 0xffffffffu);
#endif
}

// a * b, rounded: the compiler cannot see through the empty instruction to fuse it with an addition.
GLASSNET_INLINE vec<double> rounded_product(vec<double> a, vec<double> b) {
  vec<double> product = a * b;
#if defined(__x86_64__)
  asm("" : "+v"(product));
#elif defined(__aarch64__)
  asm("" : "+w"(product));
#else
  asm("" : "+m"(product));
#endif
  return product;
}

// a[0], b[0], a[1], b[1], … in two vectors.
template <class V> struct two {
  V first, second;
};
template <class V> GLASSNET_INLINE two<V> interleave(V a, V b) {
  if constexpr (width<double> == 8)
    return {__builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11),
            __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)};
  else if constexpr (width<double> == 4)
    return {__builtin_shufflevector(a, b, 0, 4, 1, 5), __builtin_shufflevector(a, b, 2, 6, 3, 7)};
  else
    return {__builtin_shufflevector(a, b, 0, 2), __builtin_shufflevector(a, b, 1, 3)};
}

// Which sequence a number comes from.
struct draw {
  std::uint64_t seed;
  std::uint32_t stream;
  std::uint64_t counter;
};

// The four words of consecutive blocks, a block in each 64-bit lane, a word in the lower half of it; the
// upper halves hold no meaning.
struct block_words {
  uvec<double> word[4];
};

GLASSNET_INLINE block_words philox(draw d, std::uint64_t first_block) {
  constexpr std::uint64_t multiplier_0 = 0xD2511F53u, multiplier_1 = 0xCD9E8D57u;
  constexpr std::uint32_t weyl_0 = 0x9E3779B9u, weyl_1 = 0xBB67AE85u;
  std::uint32_t key_0 = std::uint32_t(d.seed), key_1 = std::uint32_t(d.seed >> 32);
  uvec<double> c0 = splat(first_block) + iota<std::uint64_t>();
  uvec<double> c1 = splat(std::uint64_t(d.stream));
  uvec<double> c2 = splat(d.counter & 0xffffffffu), c3 = splat(d.counter >> 32);
  for (int round = 0; round < 10; round++) {
    const uvec<double> product_0 = multiply_low(c0, splat(multiplier_0));
    const uvec<double> product_1 = multiply_low(c2, splat(multiplier_1));
    c0 = (product_1 >> 32) ^ c1 ^ splat(std::uint64_t(key_0));
    c2 = (product_0 >> 32) ^ c3 ^ splat(std::uint64_t(key_1));
    c1 = product_1;
    c3 = product_0;
    key_0 += weyl_0;
    key_1 += weyl_1;
  }
  return {{c0, c1, c2, c3}};
}

// The 53 upper bits of (high word, low word) as a number; each step below is exact.
GLASSNET_INLINE vec<double> fraction(uvec<double> high, uvec<double> low) {
  const uvec<double> mask = splat(std::uint64_t{0xffffffffu});
  const uvec<double> bits = ((high << 32) | (low & mask)) >> 11;
  const vec<double> upper = as<vec<double>>((bits >> 32) | as<uvec<double>>(splat(0x1p84)));
  const vec<double> lower = as<vec<double>>((bits & mask) | as<uvec<double>>(splat(0x1p52)));
  return (upper - splat(0x1p84)) + (lower - splat(0x1p52));
}

GLASSNET_INLINE two<vec<double>> fractions(block_words b) {
  return interleave(fraction(b.word[0], b.word[1]), fraction(b.word[2], b.word[3]));
}

// One call of these fills 2 × width numbers, from as many blocks as a vector has 64-bit lanes.
struct uniform_float {
  typedef float number;
  static constexpr long per_block = 4;
  static GLASSNET_INLINE void fill(float* out, block_words b) {
    const uvec<double> mask = splat(std::uint64_t{0xffffffffu});
    const two<uvec<double>> words = interleave<uvec<double>>((b.word[0] & mask) | (b.word[1] << 32),
                                                             (b.word[2] & mask) | (b.word[3] << 32));
    store(out, to_float(words.first));
    store(out + width<float>, to_float(words.second));
  }
  static GLASSNET_INLINE vec<float> to_float(uvec<double> words) {
    return convert<vec<float>>(as<ivec<float>>(as<uvec<float>>(words) >> 8)) * splat(0x1p-24f);
  }
};

struct uniform_double {
  typedef double number;
  static constexpr long per_block = 2;
  static GLASSNET_INLINE void fill(double* out, block_words b) {
    const two<vec<double>> f = fractions(b);
    store(out, f.first * splat(0x1p-53));
    store(out + width<double>, f.second * splat(0x1p-53));
  }
};

template <class... C> GLASSNET_INLINE vec<double> unfused_polynomial(vec<double> x, double c, C... higher) {
  if constexpr (sizeof...(higher) == 0)
    return splat(c);
  else
    return rounded_product(unfused_polynomial(x, higher...), x) + splat(c);
}

// −ln x by the series of artanh, in the order of operations of philox.py.
GLASSNET_INLINE vec<double> negative_log(vec<double> x) {
  const parted<double> p = part<double>(x);
  const auto zero = x == vec<double>{};  // as frexp has it
  const vec<double> mantissa = select(zero, vec<double>{}, p.mantissa);
  const vec<double> exponent = select(zero, splat(-1.0), p.exponent);
  const vec<double> s = (mantissa - splat(1.0)) / (mantissa + splat(1.0));
  const vec<double> series = unfused_polynomial(
      rounded_product(s, s), 1.0, 1.0 / 3, 1.0 / 5, 1.0 / 7, 1.0 / 9, 1.0 / 11, 1.0 / 13, 1.0 / 15,
      1.0 / 17, 1.0 / 19, 1.0 / 21);
  return -(rounded_product(exponent, splat(0.6931471805599453)) + rounded_product(s + s, series));
}

// Wichura's algorithm AS 241 (PPND16), Applied Statistics 37 (1988) 477-484, in its three ranges.
GLASSNET_INLINE vec<double> normal_centre(vec<double> q) {
  const vec<double> r = splat(0.180625) - rounded_product(q, q);
  const vec<double> above = unfused_polynomial(
      r, 3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
      1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
      3.3430575583588128105e4, 2.5090809287301226727e3);
  const vec<double> below = unfused_polynomial(
      r, 1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
      2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
      5.2264952788528545610e3);
  return q * (above / below);
}

GLASSNET_INLINE vec<double> normal_middle(vec<double> r) {
  const vec<double> above = unfused_polynomial(
      r, 1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
      3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
      2.27238449892691845833e-2, 7.74545014278341407640e-4);
  const vec<double> below = unfused_polynomial(
      r, 1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
      1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
      1.05075007164441684324e-9);
  return above / below;
}

GLASSNET_INLINE vec<double> normal_tail(vec<double> r) {
  const vec<double> above = unfused_polynomial(
      r, 6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
      2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
      2.71155556874348757815e-5, 2.01033439929228813265e-7);
  const vec<double> below = unfused_polynomial(
      r, 1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
      7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
      2.04426310338993978564e-15);
  return above / below;
}

// For a probability p outside the centre.
GLASSNET_INLINE vec<double> normal_outer(vec<double> p) {
  const vec<double> other = splat(1.0) - p;
  const vec<double> r = sqrt_of<double>(negative_log(select(p < other, p, other)));
  vec<double> y = normal_middle(r - splat(1.6));
  if (__builtin_expect(!all_between<double>(r, 0, 5), 0))
    y = select(r <= splat(5.0), y, normal_tail(r - splat(5.0)));
  return select(p < splat(0.5), -y, y);
}

// The number below which a standard normal variable lies with probability p.
GLASSNET_INLINE vec<double> inverse_normal(vec<double> p) {
  const vec<double> q = p - splat(0.5), inner = normal_centre(q);
  if (all_between<double>(q, -0.425, 0.425)) return inner;
  return select(absolute<double>(q) <= splat(0.425), inner, normal_outer(p));
}

GLASSNET_INLINE two<vec<double>> normals(block_words b) {
  const two<vec<double>> f = fractions(b);
  const vec<double> half = splat(0.5), scale = splat(0x1p-53);
  return {inverse_normal((f.first + half) * scale), inverse_normal((f.second + half) * scale)};
}

struct normal_double {
  typedef double number;
  static constexpr long per_block = 2;
  static GLASSNET_INLINE void fill(double* out, block_words b) {
    const two<vec<double>> y = normals(b);
    store(out, y.first);
    store(out + width<double>, y.second);
  }
};

struct normal_float {
  typedef float number;
  static constexpr long per_block = 2;
  static GLASSNET_INLINE void fill(float* out, block_words b) {
    const two<vec<double>> y = normals(b);
    store(out, narrow({y.first, y.second}));
  }
};

// Fills out[0 … n) with the numbers first … first + n of the draw (below block 2^32).
template <class Kind> void fill_range(typename Kind::number* out, long n, draw d, long first) {
  constexpr long blocks = width<double>, step = blocks * Kind::per_block;
  typename Kind::number part_of_step[step];
  std::uint64_t block = std::uint64_t(first / Kind::per_block);
  long skip = first % Kind::per_block;
  for (long i = 0; i < n; block += blocks) {
    const block_words words = philox(d, block);
    if (skip == 0 && n - i >= step) {
      Kind::fill(out + i, words);
      i += step;
    } else {
      Kind::fill(part_of_step, words);
      for (long j = skip; j < step && i < n; j++) out[i++] = part_of_step[j];
      skip = 0;
    }
  }
}

// Numbers uniform in [0, 1): 24 random bits each for float, 53 for double.
template <class T>
void fill_uniform(T* out, long n, std::uint64_t seed, std::uint32_t stream, std::uint64_t counter,
                  long first = 0) {
  if constexpr (same_type<T, float>)
    fill_range<uniform_float>(out, n, {seed, stream, counter}, first);
  else
    fill_range<uniform_double>(out, n, {seed, stream, counter}, first);
}

// Standard normal numbers; float is the double number rounded once.
template <class T>
void fill_normal(T* out, long n, std::uint64_t seed, std::uint32_t stream, std::uint64_t counter,
                 long first = 0) {
  if constexpr (same_type<T, float>)
    fill_range<normal_float>(out, n, {seed, stream, counter}, first);
  else
    fill_range<normal_double>(out, n, {seed, stream, counter}, first);
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
