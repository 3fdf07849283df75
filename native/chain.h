// The blockwise machine: a chain of elementwise operations runs over blocks of rows that stay in the L1 cache, one
// operation after the other (the idea behind numexpr). Reductions along a row lead from the block to a column; sums
// over the rows, or over everything, are added up block by block, always in the same order.
#pragma once
#include "program.h"
#include "simd.h"
#include "vecmath.h"

namespace glassnet {
namespace GLASSNET_ISA {

template <class T, class F> GLASSNET_INLINE void each(T* out, const T* a, long n, F f) {
  constexpr long w = width<T>;
  long i = 0;
  for (; i + w <= n; i += w) store(out + i, f(load(a + i)));
  if (i < n) store_part(out + i, f(load_part(a + i, n - i)), n - i);
}
template <class T, class F> GLASSNET_INLINE void each(T* out, const T* a, const T* b, long n, F f) {
  constexpr long w = width<T>;
  long i = 0;
  for (; i + w <= n; i += w) store(out + i, f(load(a + i), load(b + i)));
  if (i < n) store_part(out + i, f(load_part(a + i, n - i), load_part(b + i, n - i)), n - i);
}
template <class T, class F> GLASSNET_INLINE void each(T* out, const T* a, const T* b, const T* c, long n, F f) {
  constexpr long w = width<T>;
  long i = 0;
  for (; i + w <= n; i += w) store(out + i, f(load(a + i), load(b + i), load(c + i)));
  if (i < n)
    store_part(out + i, f(load_part(a + i, n - i), load_part(b + i, n - i), load_part(c + i, n - i)), n - i);
}

template <class T> GLASSNET_INLINE vec<T> truth(ivec<T> mask) { return select(mask, splat<T>(1), vec<T>{}); }

template <class T> GLASSNET_INLINE T row_sum(const T* a, long n) {
  constexpr long w = width<T>;
  vec<T> s{};
  long i = 0;
  for (; i + w <= n; i += w) s += load(a + i);
  if (i < n) s += load_part(a + i, n - i);
  return sum_lanes(s);
}
// NaN if any element is: a comparison with NaN is false, so it is looked for apart.
template <class T> GLASSNET_INLINE T row_max(const T* a, long n) {
  T m = a[0];
  for (long i = 1; i < n; i++) m = a[i] > m || a[i] != a[i] ? a[i] : m;
  return m;
}
template <class T> GLASSNET_INLINE T row_logsumexp(const T* a, long n) {
  constexpr long w = width<T>;
  const T m = row_max(a, n);
  vec<T> s{};
  long i = 0;
  for (; i + w <= n; i += w) s += v_exp<T>(load(a + i) - splat(m));
  if (i < n) {
    const vec<T> e = v_exp<T>(load_part(a + i, n - i) - splat(m));
    T tail[w];
    store(tail, e);
    for (long j = n - i; j < w; j++) tail[j] = 0;
    s += load(tail);
  }
  const T log_of_sum = v_log<T>(splat<T>(sum_lanes(s)))[0];
  return m + log_of_sum;
}
template <class T> inline long row_argmax(const T* a, long n) {
  long at = 0;
  for (long i = 0; i < n; i++) {
    if (a[i] != a[i]) return i;
    if (a[i] > a[at]) at = i;
  }
  return at;
}

template <class T> inline void to_working(T* out, const char* memory, DType t, long first, long n) {
  if (t == DType::i64) for (long i = 0; i < n; i++) out[i] = T(reinterpret_cast<const std::int64_t*>(memory)[first + i]);
  else if (t == DType::boolean) for (long i = 0; i < n; i++) out[i] = T(memory[first + i] != 0);
  else if (t == DType::f32) for (long i = 0; i < n; i++) out[i] = T(reinterpret_cast<const float*>(memory)[first + i]);
  else for (long i = 0; i < n; i++) out[i] = T(reinterpret_cast<const double*>(memory)[first + i]);
}
template <class T> inline void from_working(char* memory, const T* in, DType t, long first, long n) {
  if (t == DType::i64) for (long i = 0; i < n; i++) reinterpret_cast<std::int64_t*>(memory)[first + i] = std::int64_t(in[i]);
  else if (t == DType::boolean) for (long i = 0; i < n; i++) memory[first + i] = in[i] != 0;
  else if (t == DType::f32) for (long i = 0; i < n; i++) reinterpret_cast<float*>(memory)[first + i] = float(in[i]);
  else for (long i = 0; i < n; i++) reinterpret_cast<double*>(memory)[first + i] = double(in[i]);
}

constexpr long most_slots = 192;

template <class T> void run_step(const Step& s, T* const* at, long rows, long width_, long total, double* sums, Trouble& trouble) {
  typedef vec<T> V;
  const long n = s.column ? rows : rows * width_;
  T* out = at[s.result];
  const T* a = s.a >= 0 ? at[s.a] : nullptr;
  const T* b = s.b >= 0 ? at[s.b] : nullptr;
  const T* c = s.c >= 0 ? at[s.c] : nullptr;
  switch (s.code) {
    case Code::add: each(out, a, b, n, [](V x, V y) { return x + y; }); break;
    case Code::subtract: each(out, a, b, n, [](V x, V y) { return x - y; }); break;
    case Code::multiply: each(out, a, b, n, [](V x, V y) { return x * y; }); break;
    case Code::divide: each(out, a, b, n, [](V x, V y) { return x / y; }); break;
    case Code::negate: each(out, a, n, [](V x) { return -x; }); break;
    case Code::square: each(out, a, n, [](V x) { return x * x; }); break;
    case Code::power: each(out, a, b, n, [](V x, V y) { return v_pow<T>(x, y); }); break;
    case Code::exp: each(out, a, n, [](V x) { return v_exp<T>(x); }); break;
    case Code::expm1: each(out, a, n, [](V x) { return v_expm1<T>(x); }); break;
    case Code::log: each(out, a, n, [](V x) { return v_log<T>(x); }); break;
    case Code::log1p: each(out, a, n, [](V x) { return v_log1p<T>(x); }); break;
    case Code::sqrt: each(out, a, n, [](V x) { return sqrt_of<T>(x); }); break;
    case Code::sin: each(out, a, n, [](V x) { return v_sin<T>(x); }); break;
    case Code::cos: each(out, a, n, [](V x) { return v_cos<T>(x); }); break;
    case Code::tanh: each(out, a, n, [](V x) { return v_tanh<T>(x); }); break;
    case Code::logistic: each(out, a, n, [](V x) { return v_logistic<T>(x); }); break;
    case Code::softplus: each(out, a, n, [](V x) { return v_softplus<T>(x); }); break;
    case Code::erf: each(out, a, n, [](V x) { return v_erf<T>(x); }); break;
    case Code::abs: each(out, a, n, [](V x) { return select(x < V{}, -x, x + V{}); }); break;
    case Code::sign:
      each(out, a, n, [](V x) { return select(x != x, x, truth<T>(x > V{}) - truth<T>(x < V{})); });
      break;
    case Code::floor: for (long i = 0; i < n; i++) out[i] = sizeof(T) == 4 ? T(__builtin_floorf(float(a[i]))) : T(__builtin_floor(a[i])); break;
    case Code::maximum: each(out, a, b, n, [](V x, V y) { return select((x >= y) | (x != x), x, y); }); break;
    case Code::minimum: each(out, a, b, n, [](V x, V y) { return select((x <= y) | (x != x), x, y); }); break;
    case Code::clip: {
      const V low = splat(T(s.low)), high = splat(T(s.high));
      each(out, a, n, [=](V x) { return select(x < low, low, select(x > high, high, x)); });
      break;
    }
    case Code::less: each(out, a, b, n, [](V x, V y) { return truth<T>(x < y); }); break;
    case Code::less_equal: each(out, a, b, n, [](V x, V y) { return truth<T>(x <= y); }); break;
    case Code::equal: each(out, a, b, n, [](V x, V y) { return truth<T>(x == y); }); break;
    case Code::logical_not: each(out, a, n, [](V x) { return truth<T>(x == V{}); }); break;
    case Code::select: each(out, a, b, c, n, [](V x, V y, V z) { return select(x != V{}, y, z); }); break;
    case Code::is_not_zero: each(out, a, n, [](V x) { return truth<T>(x != V{}); }); break;
    case Code::truncate: for (long i = 0; i < n; i++) out[i] = sizeof(T) == 4 ? T(__builtin_truncf(float(a[i]))) : T(__builtin_trunc(a[i])); break;
    case Code::copy: each(out, a, n, [](V x) { return x; }); break;
    case Code::spread:
      for (long r = 0; r < rows; r++) {
        T* q = out + r * width_;
        const V x = splat(a[r]);
        long i = 0;
        for (; i + width<T> <= width_; i += width<T>) store(q + i, x);
        if (i < width_) store_part(q + i, x, width_ - i);
      }
      break;
    case Code::row_sum: for (long r = 0; r < rows; r++) out[r] = row_sum(a + r * width_, width_); break;
    case Code::row_mean: for (long r = 0; r < rows; r++) out[r] = row_sum(a + r * width_, width_) / T(width_); break;
    case Code::row_max: for (long r = 0; r < rows; r++) out[r] = row_max(a + r * width_, width_); break;
    case Code::row_logsumexp: for (long r = 0; r < rows; r++) out[r] = row_logsumexp(a + r * width_, width_); break;
    case Code::row_argmax: for (long r = 0; r < rows; r++) out[r] = T(row_argmax(a + r * width_, width_)); break;
    case Code::rows_sum: case Code::rows_mean: {
      const T scale = s.code == Code::rows_mean ? T(1) / T(total) : T(1);
      for (long r = 0; r < rows; r++)
        each(out, const_cast<const T*>(out), a + r * width_, width_, [=](V x, V y) { return x + y * splat(scale); });
      break;
    }
    case Code::total_sum: case Code::total_mean: sums[s.result] += double(row_sum(a, n)); break;
    case Code::one_hot:
      for (long i = 0; i < n; i++) out[i] = 0;
      for (long r = 0; r < rows; r++) {
        const long k = long(a[r]);
        if (k < 0 || k >= width_) trouble.out_of_range(k, width_);
        else out[r * width_ + k] = 1;
      }
      break;
  }
}

template <class T> void run_chain_as(const Chain& chain, T* scratch, Trouble& trouble) {
  T* at[most_slots];
  double sums[most_slots];
  const long k = chain.width, most = chain.block_rows;
  const long slots = long(chain.slots.size());
  constexpr DType working = sizeof(T) == 4 ? DType::f32 : DType::f64;
  for (long i = 0; i < slots; i++) {  // what stays the same for all blocks
    const Slot& s = chain.slots[i];
    at[i] = s.scratch >= 0 ? scratch + s.scratch : nullptr;
    sums[i] = 0;
    if (s.memory == nullptr || s.is_constant) continue;
    if (s.mode == Mode::single && !s.is_written) {
      to_working(at[i], s.memory, s.dtype, 0, 1);
      const T x = at[i][0];
      const long n = most * k > most ? most * k : most;
      for (long j = 0; j < n; j++) at[i][j] = x;
    } else if (s.mode == Mode::row && !s.is_written) {
      to_working(at[i], s.memory, s.dtype, 0, k);
      for (long r = 1; r < most; r++) for (long j = 0; j < k; j++) at[i][r * k + j] = at[i][j];
    } else if (s.mode == Mode::row) {
      if (s.dtype == working) at[i] = reinterpret_cast<T*>(s.memory);
      for (long j = 0; j < k; j++) at[i][j] = 0;
    }
  }
  for (long first = 0; first < chain.rows; first += most) {
    const long rows = chain.rows - first < most ? chain.rows - first : most;
    for (long i = 0; i < slots; i++) {
      const Slot& s = chain.slots[i];
      if (s.memory == nullptr || (s.mode != Mode::full && s.mode != Mode::column)) continue;
      const long each_row = s.mode == Mode::full ? k : 1;
      if (s.scratch < 0) at[i] = reinterpret_cast<T*>(s.memory) + first * each_row;
      else if (!s.is_written) to_working(at[i], s.memory, s.dtype, first * each_row, rows * each_row);
    }
    for (const Step& step : chain.steps) run_step(step, at, rows, k, chain.rows, sums, trouble);
    for (long i = 0; i < slots; i++) {
      const Slot& s = chain.slots[i];
      if (!s.is_written || s.scratch < 0 || (s.mode != Mode::full && s.mode != Mode::column)) continue;
      const long each_row = s.mode == Mode::full ? k : 1;
      from_working(s.memory, at[i], s.dtype, first * each_row, rows * each_row);
    }
  }
  for (const Step& step : chain.steps) {
    const Slot& s = chain.slots[step.result];
    if (step.code == Code::total_sum || step.code == Code::total_mean) {
      const double count = step.column ? double(chain.rows) : double(chain.rows) * double(k);
      const T x = T(step.code == Code::total_mean ? sums[step.result] / count : sums[step.result]);
      from_working(s.memory, &x, s.dtype, 0, 1);
    } else if (s.mode == Mode::row && s.is_written && s.dtype != working) {
      from_working(s.memory, at[step.result], s.dtype, 0, k);
    }
  }
}

// Fills the tiles of constants, once.
template <class T> void prepare_chain_as(const Chain& chain, T* scratch) {
  for (const Slot& s : chain.slots) {
    if (!s.is_constant || s.scratch < 0) continue;
    T* at = scratch + s.scratch;
    const long n = chain.block_rows * chain.width;
    if (s.mode == Mode::single) {
      to_working(at, s.memory, s.dtype, 0, 1);
      for (long j = 1; j < (n > chain.block_rows ? n : chain.block_rows); j++) at[j] = at[0];
    } else if (s.mode == Mode::row) {
      to_working(at, s.memory, s.dtype, 0, chain.width);
      for (long j = chain.width; j < n; j++) at[j] = at[j - chain.width];
    }
  }
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
