// One linear neuron, learning by gradient descent after each example (Widrow–Hoff, LMS): v = w·x + b, e = d − v,
// w ← w + ηc e x, b ← b + ηc e, with c = 1 for ½e² and 2 for e². Written out by hand, since a step of it is shorter than
// the overhead of eight instructions.
//
// What takes the time is the chain from one example's weights to the next: a product, the sum over the lanes, the
// error, the new weights, some 45 cycles one after the other. So two examples are learnt at a time: with a = ηc e of the
// first, the second sees v₂ = (w + a x₁)·x₂ + b + a = w·x₂ + b + a (x₁·x₂ + 1), whose three products start together.
// The weights stay in registers. 20 inputs, float32, in order: 8 ns an example; one at a time 11; weights in memory 17.
#pragma once
#include "program.h"
#include "simd.h"

namespace glassnet {
namespace GLASSNET_ISA {

// The examples as the run goes through them.
template <class T> struct linear_examples {
  const T* xs;
  const T* targets;
  const std::int64_t* order;  // null: one after the other
  long inputs, last;

  GLASSNET_INLINE long row(long i) const { return order != nullptr ? order[i] : i; }
  GLASSNET_INLINE const T* x(long i) const { return xs + row(i) * inputs; }
  GLASSNET_INLINE T target(long i) const { return targets[row(i)]; }
  // Examples in the order of chance lie far from each other; those in a row the processor foresees.
  GLASSNET_INLINE void prefetch(long i) const {
    constexpr long ahead = 16, most = 512;  // bytes: the rest of a long row the processor foresees
    if (order == nullptr || i + ahead >= last) return;
    const char* next = reinterpret_cast<const char*>(x(i + ahead));
    const long bytes = inputs * long(sizeof(T));
    for (long at = 0; at < bytes && at < most; at += 64) __builtin_prefetch(next + at);
    if (bytes < most) __builtin_prefetch(next + bytes - 1);
    __builtin_prefetch(targets + row(i + ahead));
  }
};

// What the errors sum up to, and whether they stay finite.
template <class T> struct linear_loss {
  T half_factor, largest;
  double sum = 0;
  GLASSNET_INLINE bool add(T e) {
    const T energy = e * e * half_factor;
    if (!(energy <= largest)) return false;  // infinite, or no number
    sum += double(energy);
    return true;
  }
};

// With weights in `vectors` registers: the inputs fill all of them but a part of the last one.
template <class T, long vectors> inline void learn_in_registers(OnlineNeuron& job, long first, long last) {
  constexpr long w = width<T>, whole = vectors - 1;
  T* weights = static_cast<T*>(job.weights);
  T* bias = static_cast<T*>(job.bias);
  const linear_examples<T> examples{static_cast<const T*>(job.x), static_cast<const T*>(job.targets), job.order,
                                    job.inputs, last};
  const long rest = job.inputs - whole * w;
  const T factor = T(job.factor), bias_input = bias != nullptr ? T(1) : T(0);
  linear_loss<T> loss{T(0.5) * factor, T(job.largest)};
  T b = bias != nullptr ? *bias : T(0);
  vec<T> held[vectors], x1[vectors], x2[vectors];
  for (long k = 0; k < whole; k++) held[k] = load(weights + k * w);
  held[whole] = load_part(weights + whole * w, rest);
  const auto read = [&](vec<T>* x, long i) {
    const T* from = examples.x(i);
    for (long k = 0; k < whole; k++) x[k] = load(from + k * w);
    x[whole] = load_part(from + whole * w, rest);
  };
  const auto rate = [&](long i) { return T(job.rates[i * job.rate_stride]) * factor; };
  const auto product = [](const vec<T>* p, const vec<T>* q) {
    vec<T> sum = p[0] * q[0];
    for (long k = 1; k < vectors; k++) sum += p[k] * q[k];
    return sum_lanes(sum);
  };
  long i = first;
  for (; i + 1 < last; i += 2) {
    examples.prefetch(i);
    examples.prefetch(i + 1);
    read(x1, i);
    read(x2, i + 1);
    const T v1 = product(held, x1), v2 = product(held, x2), both = product(x1, x2) + bias_input;
    const T e1 = examples.target(i) - (v1 + b);
    const T change1 = rate(i) * e1;
    const T e2 = examples.target(i + 1) - (v2 + b) - change1 * both;
    const T change2 = rate(i + 1) * e2;
    if (!loss.add(e1) || !loss.add(e2)) break;
    for (long k = 0; k < vectors; k++) held[k] += splat(change1) * x1[k] + splat(change2) * x2[k];
    b += (change1 + change2) * bias_input;
  }
  if (i + 1 == last) {
    read(x1, i);
    const T e = examples.target(i) - (product(held, x1) + b);
    if (loss.add(e)) {
      const T change = rate(i) * e;
      for (long k = 0; k < vectors; k++) held[k] += splat(change) * x1[k];
      b += change * bias_input;
      i++;
    }
  }
  for (long k = 0; k < whole; k++) store(weights + k * w, held[k]);
  store_part(weights + whole * w, held[whole], rest);
  if (bias != nullptr) *bias = b;
  job.loss += loss.sum;
  job.done = i;
}

// With weights in memory, for any number of inputs.
template <class T> inline void learn_in_memory(OnlineNeuron& job, long first, long last) {
  constexpr long w = width<T>;
  T* weights = static_cast<T*>(job.weights);
  T* bias = static_cast<T*>(job.bias);
  const linear_examples<T> examples{static_cast<const T*>(job.x), static_cast<const T*>(job.targets), job.order,
                                    job.inputs, last};
  const T factor = T(job.factor);
  const long m = job.inputs, whole = m / w * w;
  linear_loss<T> loss{T(0.5) * factor, T(job.largest)};
  T b = bias != nullptr ? *bias : T(0);
  long i = first;
  for (; i < last; i++) {
    examples.prefetch(i);
    const T* x = examples.x(i);
    vec<T> sum{}, more{};
    long j = 0;
    for (; j + 2 * w <= m; j += 2 * w) {
      sum += load(weights + j) * load(x + j);
      more += load(weights + j + w) * load(x + j + w);
    }
    for (; j < whole; j += w) sum += load(weights + j) * load(x + j);
    if (j < m) more += load_part(weights + j, m - j) * load_part(x + j, m - j);
    const T e = examples.target(i) - (sum_lanes(sum + more) + b);
    if (!loss.add(e)) break;
    const T change = T(job.rates[i * job.rate_stride]) * factor * e;
    const vec<T> step = splat(change);
    for (j = 0; j < whole; j += w) store(weights + j, load(weights + j) + step * load(x + j));
    if (j < m) store_part(weights + j, load_part(weights + j, m - j) + step * load_part(x + j, m - j), m - j);
    if (bias != nullptr) b += change;
  }
  if (bias != nullptr) *bias = b;
  job.loss += loss.sum;
  job.done = i;
}

template <class T> inline void learn_linear_neuron(OnlineNeuron& job, long first, long last) {
  switch ((job.inputs + width<T> - 1) / width<T>) {
    case 1:
      return learn_in_registers<T, 1>(job, first, last);
    case 2:
      return learn_in_registers<T, 2>(job, first, last);
    case 3:
      return learn_in_registers<T, 3>(job, first, last);
    case 4:
      return learn_in_registers<T, 4>(job, first, last);
    case 5:
      return learn_in_registers<T, 5>(job, first, last);
    default:
      return learn_in_memory<T>(job, first, last);
  }
}

inline void linear_neuron(OnlineNeuron& job, long first, long last) {
  if (job.is_double) learn_linear_neuron<double>(job, first, last);
  else learn_linear_neuron<float>(job, first, last);
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
