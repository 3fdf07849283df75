// The blockwise machine: a chain of elementwise operations runs over blocks of rows that stay in the L1 cache, one
// operation after the other (the idea behind numexpr). Reductions along a row lead from the block to a column; sums
// over the rows, or over everything, are added up block by block, always in the same order.
//
// A block lies in the scratch memory row after row, or, where rows are narrow, turned (chain_turned.h). A chain may be
// some columns of wider rows: then its rows lie apart in memory, and are swept over one by one.
#pragma once
#include "chain_rows.h"
#include "chain_turned.h"

namespace glassnet {
namespace GLASSNET_ISA {

// n rows of k elements to or from the scratch memory, where element j of row r is at r * step + j * stride.
template <class T, class From> inline void read_as(T* out, const From* in, long n, long k, long step, long stride) {
  if (stride == 1) n *= k, k = 1;  // without gaps
  if (k == 1) for (long r = 0; r < n; r++) out[r] = T(in[r]);
  else for (long r = 0; r < n; r++) for (long j = 0; j < k; j++) out[r * step + j * stride] = T(in[r * k + j]);
}
template <class T, class To> inline void write_as(To* out, const T* in, long n, long k, long step, long stride) {
  if (stride == 1) n *= k, k = 1;
  if (k == 1) for (long r = 0; r < n; r++) out[r] = To(in[r]);
  else for (long r = 0; r < n; r++) for (long j = 0; j < k; j++) out[r * k + j] = To(in[r * step + j * stride]);
}
template <class T> inline void to_working(T* out, const char* memory, DType t, long first, long n, long k = 1, long step = 1, long stride = 1) {
  first *= k;
  if (t == DType::i64) read_as(out, reinterpret_cast<const std::int64_t*>(memory) + first, n, k, step, stride);
  else if (t == DType::boolean) read_as(out, reinterpret_cast<const std::uint8_t*>(memory) + first, n, k, step, stride);
  else if (t == DType::f32) read_as(out, reinterpret_cast<const float*>(memory) + first, n, k, step, stride);
  else read_as(out, reinterpret_cast<const double*>(memory) + first, n, k, step, stride);
}
template <class T> inline void from_working(char* memory, const T* in, DType t, long first, long n, long k = 1, long step = 1, long stride = 1) {
  first *= k;
  if (t == DType::i64) write_as(reinterpret_cast<std::int64_t*>(memory) + first, in, n, k, step, stride);
  else if (t == DType::boolean) for (long r = 0; r < n; r++) for (long j = 0; j < k; j++) memory[first + r * k + j] = in[r * step + j * stride] != 0;
  else if (t == DType::f32) write_as(reinterpret_cast<float*>(memory) + first, in, n, k, step, stride);
  else write_as(reinterpret_cast<double*>(memory) + first, in, n, k, step, stride);
}

constexpr long most_slots = 192;

// What a step works on in the block at hand. `has_gaps`: whether its rows lie apart in memory, as those of some columns of
// wider rows do. (Looked up at run time in each step, this made a 64-32-10 step 2 to 5 % slower.)
template <class T> struct Block {
  const Chain& chain;
  long rows;
  T* at[most_slots];  // set for the slots that there are
  long step[most_slots];   // of the slots as operands: see Operand
  double sums[most_slots];

  explicit Block(const Chain& c) : chain(c), rows(0) {}
  // From a row of a slot to the next, in elements.
  template <bool has_gaps> long apart(std::int32_t slot) const {
    if constexpr (!has_gaps) return chain.width;
    const Slot& s = chain.slots[slot];
    return s.mode == Mode::single ? 0 : s.mode == Mode::full && s.scratch < 0 ? chain.apart : chain.width;
  }
  template <bool has_gaps> Operand<T> operand(std::int32_t slot, long row) const {
    if constexpr (!has_gaps) return {at[slot], step[slot]};
    else return {at[slot] + row * apart<true>(slot), step[slot]};
  }
  Single<T> single(std::int32_t slot) const { return {load(at[slot])}; }
  bool is_single(std::int32_t slot) const { return step[slot] == 0; }
  template <bool has_gaps> Either<T> in_rows(std::int32_t slot) const {
    const Mode mode = chain.slots[slot].mode;
    if (mode == Mode::single) return {at[slot], 0, true, {}};
    if (mode == Mode::column || mode == Mode::register_column) return {at[slot], 1, true, {}};
    return {at[slot], mode == Mode::row && chain.wide ? 0 : apart<has_gaps>(slot), false, {}};
  }
  // The elements of a full slot, with those that count nowhere.
  long size() const { return chain.width * (chain.turned ? chain.block_rows : rows); }
};

template <class T> double sum_of(const Block<T>& block, const Step& s) {
  const Chain& c = block.chain;
  const T* a = block.at[s.a];
  if (s.column) return double(row_sum(a, block.rows));
  if (!c.turned || block.rows == c.block_rows) return double(row_sum(a, block.size()));
  double sum = 0;
  for (long j = 0; j < c.width; j++) sum += double(row_sum(a + j * c.block_rows, block.rows));
  return sum;
}

template <bool has_gaps, class T> void run_step(const Step& s, Block<T>& block, Trouble& trouble) {
  typedef vec<T> V;
  T* out = block.at[s.result];
  const long k = block.chain.width, apart = block.template apart<has_gaps>(s.result);
  // All of the block at once, or row by row where rows lie apart.
  const long n = s.column ? block.rows : has_gaps ? k : block.size(), strips = has_gaps && !s.column ? block.rows : 1;
  const auto over = [&](auto f, auto... slots) {
    if constexpr (!has_gaps) sweep(out, n, f, block.template operand<has_gaps>(slots, 0)...);
    else for (long r = 0; r < strips; r++) sweep(out + r * apart, n, f, block.template operand<has_gaps>(slots, r)...);
  };
  const auto rows_of = [&](std::int32_t slot) { return block.template in_rows<has_gaps>(slot); };
  const auto one = [&](auto f) { over(f, s.a); };
  const auto two = [&](auto f) {
    if (s.by_rows) sweep_rows(out, apart, block.rows, k, f, rows_of(s.a), rows_of(s.b));
    else over(f, s.a, s.b);
  };
  const auto three = [&](auto f) {
    if (s.by_rows) sweep_rows(out, apart, block.rows, k, f, rows_of(s.a), rows_of(s.b), rows_of(s.c));
    else over(f, s.a, s.b, s.c);
  };
  const auto four = [&](auto f) {
    if (s.by_rows)
      sweep_rows(out, apart, block.rows, k, f, rows_of(s.a), rows_of(s.b), rows_of(s.c), rows_of(s.d));
    else over(f, s.a, s.b, s.c, s.d);
  };
  switch (s.code) {
    case Code::add: two([](V x, V y) { return x + y; }); break;
    case Code::subtract: two([](V x, V y) { return x - y; }); break;
    case Code::multiply: two([](V x, V y) { return x * y; }); break;
    case Code::divide: two([](V x, V y) { return x / y; }); break;
    case Code::negate: one([](V x) { return -x; }); break;
    case Code::square: one([](V x) { return x * x; }); break;
    case Code::power: two([](V x, V y) { return v_pow<T>(x, y); }); break;
    case Code::exp: one([](V x) { return v_exp<T>(x); }); break;
    case Code::expm1: one([](V x) { return v_expm1<T>(x); }); break;
    case Code::log: one([](V x) { return v_log<T>(x); }); break;
    case Code::log1p: one([](V x) { return v_log1p<T>(x); }); break;
    case Code::sqrt: one([](V x) { return sqrt_of<T>(x); }); break;
    case Code::sin: one([](V x) { return v_sin<T>(x); }); break;
    case Code::cos: one([](V x) { return v_cos<T>(x); }); break;
    case Code::tanh: one([](V x) { return v_tanh<T>(x); }); break;
    case Code::logistic: one([](V x) { return v_logistic<T>(x); }); break;
    case Code::softplus: one([](V x) { return v_softplus<T>(x); }); break;
    case Code::erf: one([](V x) { return v_erf<T>(x); }); break;
    case Code::abs: one([](V x) { return select(x < V{}, -x, x + V{}); }); break;
    case Code::sign: one([](V x) { return select(x != x, x, truth<T>(x > V{}) - truth<T>(x < V{})); }); break;
    case Code::floor: one([](V x) { return floored<T>(x); }); break;
    case Code::maximum: two([](V x, V y) { return select((x >= y) | (x != x), x, y); }); break;
    case Code::minimum: two([](V x, V y) { return select((x <= y) | (x != x), x, y); }); break;
    case Code::clip: {
      const V low = splat(T(s.low)), high = splat(T(s.high));
      one([=](V x) { return select(x < low, low, select(x > high, high, x)); });
      break;
    }
    case Code::less: two([](V x, V y) { return truth<T>(x < y); }); break;
    case Code::less_equal: two([](V x, V y) { return truth<T>(x <= y); }); break;
    case Code::equal: two([](V x, V y) { return truth<T>(x == y); }); break;
    case Code::logical_not: one([](V x) { return truth<T>(x == V{}); }); break;
    case Code::select: three([](V x, V y, V z) { return select(x != V{}, y, z); }); break;
    case Code::is_not_zero: one([](V x) { return truth<T>(x != V{}); }); break;
    case Code::truncate: one([](V x) { return truncated<T>(x); }); break;
    case Code::copy:
      if (s.by_rows) sweep_rows(out, apart, block.rows, k, [](V x) { return x; }, rows_of(s.a));
      else one([](V x) { return x; });
      break;
    case Code::multiply_add: three([](V x, V y, V z) { return product<T>(x, y) + z; }); break;
    case Code::subtract_product: three([](V x, V y, V z) { return z - product<T>(x, y); }); break;
    case Code::sum_of_products: {
      const auto f = [](V x, V y, V z, V u) { return product<T>(x, y) + product<T>(z, u); };
      // A step of momentum: to load the two numbers again and again is a third of its time.
      if (!s.by_rows && block.is_single(s.a) && block.is_single(s.c)) {
        const auto x = block.single(s.a), z = block.single(s.c);
        for (long r = 0; r < strips; r++) sweep(out + r * apart, n, f, x, block.template operand<has_gaps>(s.b, r), z, block.template operand<has_gaps>(s.d, r));
      } else {
        four(f);
      }
      break;
    }
    case Code::add_scaled_difference: four([](V x, V y, V z, V u) { return u + product<T>(x, y - z); }); break;
    case Code::total_sum: case Code::total_mean:
      if constexpr (!has_gaps) block.sums[s.result] += sum_of(block, s);
      break;
    default: {
      const Chain& c = block.chain;
      const T scale = s.code == Code::rows_mean ? T(1) / T(c.rows) : T(1);
      const T* a = block.at[s.a];
      const T* b = s.b >= 0 ? block.at[s.b] : nullptr;
      const long a_apart = block.template apart<has_gaps>(s.a), b_apart = b != nullptr ? block.template apart<has_gaps>(s.b) : 0;
      if (c.turned && !has_gaps) along_turned_rows(s, out, a, b, block.rows, c.width, c.block_rows, scale, trouble);
      else if (s.code == Code::row_sum_of_products)
        sum_rows(out, block.rows, k, products<T>{}, rows_of(s.a), rows_of(s.b));
      else if (s.code == Code::row_sum_of_square_differences)
        sum_rows(out, block.rows, k, square_differences<T>{}, rows_of(s.a), rows_of(s.b));
      else along_rows(s, out, a, a_apart, b, b_apart, block.rows, c.width, scale, trouble);
    }
  }
}

// Reads a row's elements, or a single number, into the tile that repeats them for all rows of a block (once, if the rows
// are worked on one by one).
template <class T> void fill(T* at, const Slot& s, const Chain& chain) {
  const long k = chain.width, most = chain.block_rows;
  if (s.mode == Mode::single) {
    to_working(at, s.memory, s.dtype, 0, 1);
    for (long j = 1; j < width<T>; j++) at[j] = at[0];
  } else if (chain.turned) {
    to_working(at, s.memory, s.dtype, 0, 1, k, k, most);
    for (long j = 0; j < k; j++) for (long r = 1; r < most; r++) at[j * most + r] = at[j * most];
  } else {
    to_working(at, s.memory, s.dtype, 0, k);
    for (long r = k; !chain.wide && r < most * k; r++) at[r] = at[r - k];
  }
}

template <class T> void read_block(const Slot& s, const Chain& chain, T* at, long first, long rows) {
  constexpr DType working = sizeof(T) == 4 ? DType::f32 : DType::f64;
  const long k = chain.width;
  if (s.mode == Mode::column) to_working(at, s.memory, s.dtype, first, rows);
  else if (s.stride > 0) {
    const long step = chain.turned ? 1 : k, stride = chain.turned ? chain.block_rows : 1;
    for (long r = 0; r < rows; r++)
      to_working(at + r * step, s.memory + (first + r) * s.stride * bytes_of(s.dtype), s.dtype, 0, 1, k, step, stride);
  }
  else if (!chain.turned) to_working(at, s.memory, s.dtype, first, rows, k, k, 1);
  else if (s.dtype == working) turn_in(at, reinterpret_cast<const T*>(s.memory) + first * k, rows, k, chain.block_rows);
  else to_working(at, s.memory, s.dtype, first, rows, k, 1, chain.block_rows);
}
template <class T> void write_block(const Slot& s, const Chain& chain, const T* at, long first, long rows) {
  constexpr DType working = sizeof(T) == 4 ? DType::f32 : DType::f64;
  const long k = chain.width;
  if (s.mode == Mode::column) from_working(s.memory, at, s.dtype, first, rows);
  else if (s.stride > 0) {
    const long step = chain.turned ? 1 : k, stride = chain.turned ? chain.block_rows : 1;
    for (long r = 0; r < rows; r++)
      from_working(s.memory + (first + r) * s.stride * bytes_of(s.dtype), at + r * step, s.dtype, 0, 1, k, step, stride);
  }
  else if (!chain.turned) from_working(s.memory, at, s.dtype, first, rows, k, k, 1);
  else if (s.dtype == working) turn_out(reinterpret_cast<T*>(s.memory) + first * k, at, rows, k, chain.block_rows);
  else from_working(s.memory, at, s.dtype, first, rows, k, 1, chain.block_rows);
}

template <class T> void run_chain_as(const Chain& chain, T* scratch, Trouble& trouble) {
  Block<T> block(chain);
  const long k = chain.width, most = chain.block_rows;
  const long slots = long(chain.slots.size());
  constexpr DType working = sizeof(T) == 4 ? DType::f32 : DType::f64;
  for (long i = 0; i < slots; i++) {  // what stays the same for all blocks
    const Slot& s = chain.slots[i];
    T*& at = block.at[i];
    at = s.scratch >= 0 ? scratch + s.scratch : nullptr;
    block.step[i] = s.mode == Mode::single ? 0 : width<T>;
    block.sums[i] = 0;
    if (s.mode == Mode::row && s.scratch < 0 && !s.is_written) at = reinterpret_cast<T*>(s.memory);
    if (s.memory == nullptr || s.is_constant || at == reinterpret_cast<T*>(s.memory) || (s.mode != Mode::single && s.mode != Mode::row)) continue;
    if (!s.is_written) fill(at, s, chain);
    else if (s.mode == Mode::row) {
      if (s.dtype == working) at = reinterpret_cast<T*>(s.memory);
      for (long j = 0; j < k; j++) at[j] = 0;
    }
  }
  for (long first = 0; first < chain.rows; first += most) {
    block.rows = chain.rows - first < most ? chain.rows - first : most;
    for (long i = 0; i < slots; i++) {
      const Slot& s = chain.slots[i];
      if (s.memory == nullptr || (s.mode != Mode::full && s.mode != Mode::column)) continue;
      if (s.scratch < 0) block.at[i] = reinterpret_cast<T*>(s.memory) + first * (s.mode == Mode::full ? chain.apart : 1);
      else if (!s.is_written) read_block(s, chain, block.at[i], first, block.rows);
    }
    if (chain.apart == k) for (const Step& step : chain.steps) run_step<false>(step, block, trouble);
    else for (const Step& step : chain.steps) run_step<true>(step, block, trouble);
    for (long i = 0; i < slots; i++) {
      const Slot& s = chain.slots[i];
      if (!s.is_written || s.scratch < 0 || (s.mode != Mode::full && s.mode != Mode::column)) continue;
      write_block(s, chain, block.at[i], first, block.rows);
    }
  }
  for (const Step& step : chain.steps) {
    const Slot& s = chain.slots[step.result];
    if (step.code == Code::total_sum || step.code == Code::total_mean) {
      const double count = double(chain.rows) * (step.column ? 1.0 : double(k));
      const T x = T(step.code == Code::total_mean ? block.sums[step.result] / count : block.sums[step.result]);
      from_working(s.memory, &x, s.dtype, 0, 1);
    } else if (s.mode == Mode::row && s.is_written && s.dtype != working) {
      from_working(s.memory, block.at[step.result], s.dtype, 0, k);
    }
  }
}

// Fills the tiles of constants, once.
template <class T> void prepare_chain_as(const Chain& chain, T* scratch) {
  for (const Slot& s : chain.slots)
    if (s.is_constant && s.scratch >= 0 && (s.mode == Mode::single || s.mode == Mode::row)) fill(scratch + s.scratch, s, chain);
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
