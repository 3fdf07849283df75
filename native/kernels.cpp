// The kernels of one instruction set: this file is compiled once for each, with GLASSNET_ISA naming it.
#include "chain.h"
#include "fold.h"
#include "gemm.h"
#include "linear_neuron.h"
#include "nearest.h"
#include "philox.h"
#include "shuffle.h"
#include "threshold_neuron.h"
#include "vecmath.h"

#define GLASSNET_TEXT_(x) #x
#define GLASSNET_TEXT(x) GLASSNET_TEXT_(x)

namespace glassnet {
namespace GLASSNET_ISA {

static void chain(const Chain& c, void* scratch, Trouble& trouble) {
  if (c.is_double) run_chain_as(c, static_cast<double*>(scratch), trouble);
  else run_chain_as(c, static_cast<float*>(scratch), trouble);
}
static void prepare(const Chain& c, void* scratch) {
  if (c.is_double) prepare_chain_as(c, static_cast<double*>(scratch));
  else prepare_chain_as(c, static_cast<float*>(scratch));
}
template <class T> static void uniform(T* out, long n, std::uint64_t seed, std::uint32_t stream, std::uint64_t counter) {
  fill_uniform<T>(out, n, seed, stream, counter);
}
template <class T> static void normal(T* out, long n, std::uint64_t seed, std::uint32_t stream, std::uint64_t counter) {
  fill_normal<T>(out, n, seed, stream, counter);
}

extern const Kernels kernels;
const Kernels kernels = {
    GLASSNET_TEXT(GLASSNET_ISA), chain, prepare, fold_all<float>, fold_all<double>, gemm<float>, gemm<double>, gemm_work<float>, gemm_work<double>,
    uniform<float>, uniform<double>, normal<float>, normal<double>,
    permute, permute_work, linear_neuron, threshold_neuron, nearest,
};

}  // namespace GLASSNET_ISA
}  // namespace glassnet
