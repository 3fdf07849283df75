// What the executor runs: instructions on memory whose addresses are known. Plain data, the same for all instruction
// sets; the kernels that work on it are compiled once for each.
#pragma once
#include <cstdint>
#include <vector>

namespace glassnet {

enum class DType : std::int32_t { f32, f64, i64, boolean };
inline long bytes_of(DType t) { return t == DType::f32 ? 4 : t == DType::boolean ? 1 : 8; }

// How a chain, whose space is `rows` rows of `width` elements, sees an operand. As in instructions.py.
enum class Mode : std::int32_t { full, column, row, single, register_full, register_column };

struct Slot {
  Mode mode;
  DType dtype;
  char* memory;        // null for a register
  bool is_constant;    // its value never changes
  bool is_written;
  long scratch;        // where its elements of one block lie in the scratch memory, in elements; -1: in `memory` itself
  long stride = 0;     // of a full operand that lies in wider rows: elements from row to row; it has scratch memory
};

enum class Code : std::int32_t {
  add, subtract, multiply, divide, negate, square, power, exp, expm1, log, log1p, sqrt, sin, cos, tanh, logistic,
  softplus, erf, abs, sign, floor, maximum, minimum, clip, less, less_equal, equal, logical_not, select, is_not_zero,
  truncate, copy, multiply_add, subtract_product, sum_of_products, spread, row_sum, row_mean, row_max, row_logsumexp,
  row_argmax, rows_sum, rows_mean, total_sum, total_mean, one_hot, add_scaled_difference, row_sum_of_products,
  row_sum_of_square_differences, rows_sum_of_products
};

struct Step {
  Code code;
  std::int32_t result, a, b, c, d;
  bool column;
  double low, high;
  bool by_rows = false;  // whether an operand is the same for all rows, or one number for each: see sweep_rows
};

struct Chain {
  long rows, width, block_rows;
  long apart;    // elements from a row to the next in memory: more than `width` in a chain of some columns of wider rows
  bool turned;  // whether a block lies turned in the scratch memory: see chain_turned.h
  bool wide;    // whether rows are worked on one by one, so that no operand need be repeated for all of a block
  std::vector<Slot> slots;
  std::vector<Step> steps;
  long scratch_elements;
  bool is_double;
};

// How numbers become one.
enum class Fold : std::int32_t { sum, mean, max, logsumexp, argmax };

// What goes wrong inside a kernel is remembered here and told after the step.
struct Trouble {
  long index = -1, limit = 0;  // a number outside 0 … limit − 1 where a place or a class was expected
  void out_of_range(long i, long n) { if (index < 0) { index = i; limit = n; } }
  bool any() const { return limit > 0; }
};

// A run of online steps of one neuron: see linear_neuron.h and threshold_neuron.h.
struct OnlineNeuron {
  void* weights;
  void* bias;  // null for a neuron without
  const void* x;
  const void* targets;  // numbers; of a threshold neuron class numbers, int64
  const std::int64_t* order;  // null for one after the other
  const double* rates;
  long rate_stride;  // 0: one rate for all
  long inputs;
  double factor, largest;
  bool is_double;
  bool bipolar = false;  // a threshold neuron that answers −1 in place of 0
  double loss = 0;  // added up
  long mistakes = 0;
  long done = 0;    // how many examples of the order are learnt
};

// The k nearest rows of a memory to each of some queries: see nearest.h.
enum class Distance : std::int32_t { euclidean, manhattan, chebyshev, minkowski, cosine, hamming, cube };
struct Nearest {
  Distance distance;
  double power;  // of minkowski
  bool is_double;
  long n, inputs, k;
  const void* memory;   // (n, inputs)
  const void* queries;  // (queries, inputs)
  // What a search through products needs besides; products are null for a direct one.
  const void* products;  // (n, inputs): the memory, moved and scaled
  const void* lows;      // (n)
  const void* asked;     // (queries, inputs): the queries, moved and scaled
  const double* slack;   // (queries)
  double spread;
  double* distances;  // (queries, k)
  std::int64_t* rows;
};

// The kernels of one instruction set.
struct Kernels {
  const char* name;
  void (*chain)(const Chain&, void* scratch, Trouble&);
  void (*prepare)(const Chain&, void* scratch);
  void (*fold_f32)(Fold, const float*, long n, void* out);
  void (*fold_f64)(Fold, const double*, long n, void* out);
  void (*gemm_f32)(bool, bool, long, long, long, const float*, long, const float*, long, const float*, bool, float*, long, float*);
  void (*gemm_f64)(bool, bool, long, long, long, const double*, long, const double*, long, const double*, bool, double*, long, double*);
  long (*gemm_work_f32)(bool, bool, long, long, long);
  long (*gemm_work_f64)(bool, bool, long, long, long);
  void (*uniform_f32)(float*, long, std::uint64_t, std::uint32_t, std::uint64_t);
  void (*uniform_f64)(double*, long, std::uint64_t, std::uint32_t, std::uint64_t);
  void (*normal_f32)(float*, long, std::uint64_t, std::uint32_t, std::uint64_t);
  void (*normal_f64)(double*, long, std::uint64_t, std::uint32_t, std::uint64_t);
  void (*permute)(std::int64_t*, long, std::uint64_t, std::uint32_t, std::uint64_t, std::int64_t* work);
  long (*permute_work)(long);
  void (*linear_neuron)(OnlineNeuron&, long first, long last);
  void (*threshold_neuron)(OnlineNeuron&, long first, long last);
  bool (*nearest)(const Nearest&, long first, long last);
};

}  // namespace glassnet
