// One threshold neuron, learning from its mistakes (the perceptron rule): v = w·x + b, y = 1 if v ≥ 0 else 0 (or −1),
// e = d − y, w ← w + η e x, b ← b + η e.
//
// Most examples are no mistakes once something is learnt. So the change is behind a branch: while the processor is
// right in guessing that there is none, the next example's sum does not wait for this one's. With the change worked
// out for each example, as an arithmetic step, it takes two times as long.
#pragma once
#include "linear_neuron.h"

namespace glassnet {
namespace GLASSNET_ISA {

template <class T, long vectors> inline void correct_in_registers(OnlineNeuron& job, long first, long last) {
  constexpr long w = width<T>, whole = vectors - 1;
  T* weights = static_cast<T*>(job.weights);
  T* bias = static_cast<T*>(job.bias);
  const std::int64_t* classes = static_cast<const std::int64_t*>(job.targets);
  const linear_examples<T> examples{static_cast<const T*>(job.x), nullptr, job.order, job.inputs, last};
  const long rest = job.inputs - whole * w;
  const T step = job.bipolar ? T(2) : T(1);  // the size of an error
  T b = bias != nullptr ? *bias : T(0);
  long mistakes = 0;
  vec<T> held[vectors], x[vectors];
  for (long k = 0; k < whole; k++) held[k] = load(weights + k * w);
  held[whole] = load_part(weights + whole * w, rest);
  for (long i = first; i < last; i++) {
    examples.prefetch(i);
    const T* from = examples.x(i);
    for (long k = 0; k < whole; k++) x[k] = load(from + k * w);
    x[whole] = load_part(from + whole * w, rest);
    vec<T> sum = held[0] * x[0];
    for (long k = 1; k < vectors; k++) sum += held[k] * x[k];
    const bool fires = sum_lanes(sum) + b >= T(0), should = classes[examples.row(i)] != 0;
    if (fires != should) {
      const T change = T(job.rates[i * job.rate_stride]) * (should ? step : -step);
      for (long k = 0; k < vectors; k++) held[k] += splat(change) * x[k];
      if (bias != nullptr) b += change;
      mistakes++;
    }
  }
  for (long k = 0; k < whole; k++) store(weights + k * w, held[k]);
  store_part(weights + whole * w, held[whole], rest);
  if (bias != nullptr) *bias = b;
  job.mistakes += mistakes;
  job.loss += 0.5 * double(step) * double(step) * double(mistakes);
  job.done = last;
}

// With weights in memory, for any number of inputs.
template <class T> inline void correct_in_memory(OnlineNeuron& job, long first, long last) {
  constexpr long w = width<T>;
  T* weights = static_cast<T*>(job.weights);
  T* bias = static_cast<T*>(job.bias);
  const std::int64_t* classes = static_cast<const std::int64_t*>(job.targets);
  const linear_examples<T> examples{static_cast<const T*>(job.x), nullptr, job.order, job.inputs, last};
  const long m = job.inputs, whole = m / w * w;
  const T step = job.bipolar ? T(2) : T(1);
  T b = bias != nullptr ? *bias : T(0);
  for (long i = first; i < last; i++) {
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
    const bool fires = sum_lanes(sum + more) + b >= T(0), should = classes[examples.row(i)] != 0;
    if (fires == should) continue;
    const T change = T(job.rates[i * job.rate_stride]) * (should ? step : -step);
    for (j = 0; j < whole; j += w) store(weights + j, load(weights + j) + splat(change) * load(x + j));
    if (j < m) store_part(weights + j, load_part(weights + j, m - j) + splat(change) * load_part(x + j, m - j), m - j);
    if (bias != nullptr) b += change;
    job.mistakes++;
    job.loss += 0.5 * double(step) * double(step);
  }
  if (bias != nullptr) *bias = b;
  job.done = last;
}

template <class T> inline void correct_threshold_neuron(OnlineNeuron& job, long first, long last) {
  switch ((job.inputs + width<T> - 1) / width<T>) {
    case 1:
      return correct_in_registers<T, 1>(job, first, last);
    case 2:
      return correct_in_registers<T, 2>(job, first, last);
    case 3:
      return correct_in_registers<T, 3>(job, first, last);
    case 4:
      return correct_in_registers<T, 4>(job, first, last);
    case 5:
      return correct_in_registers<T, 5>(job, first, last);
    default:
      return correct_in_memory<T>(job, first, last);
  }
}

inline void threshold_neuron(OnlineNeuron& job, long first, long last) {
  if (job.is_double) correct_threshold_neuron<double>(job, first, last);
  else correct_threshold_neuron<float>(job, first, last);
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
