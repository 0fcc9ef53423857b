#include <fmt/format.h>

#include <stdexcept>

#include "hls_plan.hpp"

namespace snac::codegen {
namespace {

/// C++11. {0} top, {1} inputs, {2} outputs, {3} input shifts, {4} output shifts, {5} call.
constexpr const char* kBench = R"(// Self-checking test bench of {0}: tb_data/inputs.dat in, tb_data/expected.dat out.
// Both hold raw integers, a vector per line: value * 2^fraction bits of the element's type. Results are compared bit by bit.
// Ends with a line "SNAC_HLS_RESULT vectors=V mismatches=M"; returns 0 if M is 0, else 1; 2 if the vectors cannot be read.
// A wrong vector is a line of found.dat: its number and the raw integers that came, "x" for one off the element's grid.
// An argument limits the number of vectors (co-simulation takes long for each).
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "firmware/{0}.h"

static const int n_in = {1};
static const int n_out = {2};
// Bits by which an element's grid is coarser than its array's.
static const int input_shift[n_in] = {{{3}}};
static const int output_shift[n_out] = {{{4}}};

static int fail(const char* what, long vector, int element) {{
  std::fprintf(stderr, "test bench: vector %ld, element %d: %s\n", vector, element, what);
  return 2;
}}

/// The number whose low bits these are.
template <class T>
static long long integer(const T& bits, bool is_signed) {{
  const unsigned long long raw = bits.to_uint64();
  const int unused = 64 - T::width;
  if (is_signed) return (long long)(raw << unused) >> unused;
  return (long long)raw;
}}

static const bool input_is_signed = {6};
static const bool output_is_signed = {7};

int main(int argc, char** argv) {{
  const long limit = argc > 1 ? std::atol(argv[1]) : 0;  // 0: all
  std::ifstream inputs("tb_data/inputs.dat"), expected("tb_data/expected.dat");
  std::ofstream found_file;
  long vectors = 0, mismatches = 0, printed = 0;
  for (;;) {{
    long long first;
    if (limit > 0 && vectors == limit) break;
    if (!(inputs >> first)) break;
    input_t x[n_in];
    for (int i = 0; i < n_in; i++) {{
      long long value = first;
      if (i > 0 && !(inputs >> value)) return fail("no integer in tb_data/inputs.dat", vectors, i);
      const ap_uint<{8}> bits = (unsigned long long)value << input_shift[i];
      if (integer(bits, input_is_signed) >> input_shift[i] != value) return fail("an input outside its type", vectors, i);
      x[i].range() = bits;
    }}
    result_t y[n_out];
{5}
    bool wrong = false;
    long long results[n_out];
    bool on_grid[n_out];
    for (int o = 0; o < n_out; o++) {{
      long long value;
      if (!(expected >> value)) return fail("no integer in tb_data/expected.dat", vectors, o);
      const ap_uint<{9}> bits = y[o].range();
      const long long found = integer(bits, output_is_signed);
      results[o] = found >> output_shift[o];
      on_grid[o] = (found & ((1ULL << output_shift[o]) - 1)) == 0;
      if (on_grid[o] && results[o] == value) continue;
      wrong = true;
      if (++printed <= 5) {{
        std::printf("mismatch: vector %ld, output %d: expected %lld, found %lld (raw, %d bits finer)\n", vectors, o, value, found,
                    output_shift[o]);
      }}
    }}
    if (wrong) {{
      mismatches++;
      if (!found_file.is_open()) found_file.open("found.dat");
      found_file << vectors;
      for (int o = 0; o < n_out; o++) {{
        if (on_grid[o]) {{
          found_file << ' ' << results[o];
        }} else {{
          found_file << " x";
        }}
      }}
      found_file << '\n';
    }}
    vectors++;
  }}
  if (limit == 0 || vectors < limit) {{
    if (!inputs.eof()) return fail("no integer in tb_data/inputs.dat", vectors, 0);
    if (vectors == 0) return fail("no vectors", 0, 0);
    long long rest;
    if (expected >> rest) return fail("more results than inputs", vectors, 0);
  }}
  std::printf("SNAC_HLS_RESULT vectors=%ld mismatches=%ld\n", vectors, mismatches);
  return mismatches == 0 ? 0 : 1;
}}
)";

constexpr const char* kStreamCall = R"(    hls::stream<input_vector_t> in("in");
    hls::stream<result_vector_t> out("out");
    snac::write_vector<n_in>(in, x);
    {0}(in, out);
    snac::read_vector<n_out>(out, y);
    if (!in.empty() || !out.empty()) return fail("words left in a stream", vectors, 0);)";

std::string rows_text(std::span<const std::int64_t> values, std::size_t width) {
  std::string text;
  for (std::size_t k = 0; k < values.size(); ++k) text += fmt::format("{}{}", values[k], (k + 1) % width == 0 ? '\n' : ' ');
  return text;
}

void check_values(std::span<const std::int64_t> values, const fixed::TensorType& tensor, const char* what) {
  const std::size_t width = tensor.size();
  for (std::size_t k = 0; k < values.size(); ++k) {
    const fixed::FixedType& type = tensor.type(k % width);
    if (values[k] < type.min_raw() || values[k] > type.max_raw()) {
      throw std::invalid_argument(
          fmt::format("hls: vector {}, {} {}: {} is not an integer of {}", k / width, what, k % width, values[k], fixed::to_string(type)));
    }
  }
}

}  // namespace

Files hls_testbench(const HlsPlan& plan, std::span<const std::int64_t> inputs, std::span<const std::int64_t> expected) {
  const HlsValue &x = plan.values.front(), &y = plan.output();
  const std::size_t rows = inputs.size() / x.size();
  if (rows == 0 || inputs.size() % x.size() != 0 || expected.size() != rows * y.size()) {
    throw std::invalid_argument(
        fmt::format("hls: {} inputs and {} outputs do not make rows of {} and {}", inputs.size(), expected.size(), x.size(), y.size()));
  }
  check_values(inputs, *x.tensor, "input");
  check_values(expected, *y.tensor, "output");
  const std::string call = plan.is_stream() ? fmt::format(kStreamCall, plan.params.top) : fmt::format("    {}(x, y);", plan.params.top);
  Files files;
  files[plan.params.top + "_test.cpp"] =
      fmt::format(kBench, plan.params.top, x.size(), y.size(), fmt::join(x.shifts, ", "), fmt::join(y.shifts, ", "), call,
                  x.carrier.is_signed, y.carrier.is_signed, x.carrier.width, y.carrier.width);
  files["tb_data/inputs.dat"] = rows_text(inputs, x.size());
  files["tb_data/expected.dat"] = rows_text(expected, y.size());
  return files;
}

}  // namespace snac::codegen
