// One linear neuron, learning by gradient descent after each example (Widrow–Hoff, LMS): v = w·x + b, e = d − v,
// w ← w + ηc e x, b ← b + ηc e, with c = 1 for ½e² and 2 for e². Written out by hand, since a step of it is shorter than
// the overhead of eight instructions: what is left is the chain from one example's weights to the next, some forty
// cycles, most of them the sum over the lanes.
#pragma once
#include "program.h"
#include "simd.h"

namespace glassnet {
namespace GLASSNET_ISA {

template <class T> inline void learn_linear_neuron(LinearNeuron& job, long first, long last) {
  constexpr long w = width<T>, ahead = 12;
  T* weights = static_cast<T*>(job.weights);
  T* bias = static_cast<T*>(job.bias);
  const T* xs = static_cast<const T*>(job.x);
  const T* targets = static_cast<const T*>(job.targets);
  const T factor = T(job.factor);
  const long m = job.inputs, whole = m / w * w;
  T b = bias != nullptr ? *bias : T(0);
  double loss = 0;
  long i = first;
  for (; i < last; i++) {
    if (i + ahead < last) {  // examples lie in the order of chance: far from each other
      const char* next = reinterpret_cast<const char*>(xs + job.order[i + ahead] * m);
      for (long line = 0; line < m * long(sizeof(T)) && line < 512; line += 64) __builtin_prefetch(next + line);
      __builtin_prefetch(targets + job.order[i + ahead]);
    }
    const T* x = xs + job.order[i] * m;
    vec<T> sum{}, more{};
    long j = 0;
    for (; j + 2 * w <= m; j += 2 * w) {
      sum += load(weights + j) * load(x + j);
      more += load(weights + j + w) * load(x + j + w);
    }
    for (; j < whole; j += w) sum += load(weights + j) * load(x + j);
    if (j < m) more += load_part(weights + j, m - j) * load_part(x + j, m - j);
    const T v = sum_lanes(sum + more) + b;
    const T e = targets[job.order[i]] - v;
    const T energy = e * e * (T(0.5) * factor);
    if (!(energy <= job.largest)) break;  // infinite, or no number
    loss += double(energy);
    const T change = T(job.rates[i]) * factor * e;
    const vec<T> step = splat(change);
    for (j = 0; j < whole; j += w) store(weights + j, load(weights + j) + step * load(x + j));
    if (j < m) store_part(weights + j, load_part(weights + j, m - j) + step * load_part(x + j, m - j), m - j);
    if (bias != nullptr) b += change;
  }
  if (bias != nullptr) *bias = b;
  job.loss += loss;
  job.done = i;
}

inline void linear_neuron(LinearNeuron& job, long first, long last) {
  if (job.is_double) learn_linear_neuron<double>(job, first, last);
  else learn_linear_neuron<float>(job, first, last);
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
