// The random numbers against those of the Python package (philox_reference.py), bit for bit.
//
// Without a file, known answers only: Random123's first words, and numbers worked out in Python.
#include "../philox.h"

#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

using namespace glassnet::GLASSNET_ISA;

namespace {

int failures = 0, compared = 0;

template <class T> std::uint64_t bits_of(T x) {
  uint_of<T> bits;
  std::memcpy(&bits, &x, sizeof x);
  return bits;
}

void expect(std::uint64_t got, std::uint64_t expected, const std::string& what, long position) {
  compared++;
  if (got == expected) return;
  if (failures++ < 20)
    std::printf("%s at %ld: %" PRIx64 ", expected %" PRIx64 "\n", what.c_str(), position, got, expected);
}

// Whole, and in pieces that start and end anywhere; what lies beside a piece must stay.
template <class T> void compare(bool normal, draw d, const std::vector<std::uint64_t>& expected) {
  const auto fill = [&](T* out, long n, long first) {
    if (normal)
      fill_normal<T>(out, n, d.seed, d.stream, d.counter, first);
    else
      fill_uniform<T>(out, n, d.seed, d.stream, d.counter, first);
  };
  const std::string what = (normal ? "normal " : "uniform ") + std::to_string(8 * sizeof(T));
  const long count = long(expected.size());
  std::vector<T> numbers(expected.size());
  fill(numbers.data(), count, 0);
  for (long i = 0; i < count; i++) expect(bits_of(numbers[i]), expected[i], what, i);
  for (long first = 0; first < 40 && first < count; first++)
    for (long n = 0; n < 80 && first + n <= count; n++) {
      std::vector<T> piece(std::size_t(n) + 2, T(7));
      fill(piece.data() + 1, n, first);
      for (long i = 0; i < n; i++) expect(bits_of(piece[i + 1]), expected[first + i], what + " piece", first + i);
      expect(bits_of(piece[0]), bits_of(T(7)), what + " before", first);
      expect(bits_of(piece[n + 1]), bits_of(T(7)), what + " after", first);
    }
}

void compare_file(const char* path) {
  std::FILE* file = std::fopen(path, "r");
  char kind[16];
  int width_in_bits;
  draw d;
  long count;
  if (!file) failures++, std::printf("cannot read %s\n", path);
  while (file && std::fscanf(file, "%15s %d %" SCNu64 " %" SCNu32 " %" SCNu64 " %ld", kind, &width_in_bits, &d.seed,
                             &d.stream, &d.counter, &count) == 6) {
    const bool inverse = !std::strcmp(kind, "inverse"), normal = !std::strcmp(kind, "normal");
    std::vector<std::uint64_t> expected(std::size_t(inverse ? 2 * count : count));
    for (std::uint64_t& bits : expected)
      if (std::fscanf(file, "%" SCNx64, &bits) != 1) failures++;
    for (long i = 0; inverse && i < count; i++) {
      double p;
      std::memcpy(&p, &expected[2 * i], sizeof p);
      expect(bits_of<double>(inverse_normal(splat(p))[width<double> - 1]), expected[2 * i + 1], "inverse", i);
    }
    if (!inverse && width_in_bits == 32) compare<float>(normal, d, expected);
    if (!inverse && width_in_bits == 64) compare<double>(normal, d, expected);
  }
  if (file) std::fclose(file);
}

void known_answers() {
  const block_words b = philox({0, 0, 0}, 0);
  const std::uint32_t random123[] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
  for (int i = 0; i < 4; i++) expect(std::uint32_t(b.word[i][0]), random123[i], "Random123", i);
  const draw d{(1ull << 33) + 5, 3, (1ull << 34) + 1};
  compare<float>(false, d, {
      0x3ee0911c, 0x3f396dff, 0x3eaf7b0e, 0x3f3d28d3, 0x3e1d087c, 0x3f43cbc6, 0x3ef6c7de,
      0x3d861b70, 0x3c2e2900});
  compare<double>(false, d, {
      0x3fdc1223816e5b7e, 0x3fd5ef61d6af4a34, 0x3fc3a10fade1e5e0, 0x3fded8fbc38430da,
      0x3f85c52127143a00, 0x3fe93d8dab740e15, 0x3fe37ba1962d5d10});
  compare<float>(true, d, {
      0xbe1e35af, 0xbecf5d3d, 0xbf82d620, 0xbd38efe1, 0xc01369e6, 0x3f4d5902, 0x3e8d7760,
      0x3ed30b6c, 0x3f8e92f3});
  compare<double>(true, d, {
      0xbfc3c6b5edf76b14, 0xbfd9eba7a8efa627, 0xbff05ac3f55c101f, 0xbfa71dfc12e85def,
      0xc0026d3cc3e75ce2, 0x3fe9ab2049647fa6, 0x3fd1aeebf34c917b});
}

}  // namespace

int main(int count, char** arguments) {
  known_answers();
  if (count > 1) compare_file(arguments[1]);
  std::printf("%d numbers compared, %d bytes a vector: %s\n", compared, int(vec_bytes), failures ? "FAILED" : "passed");
  return failures != 0;
}
