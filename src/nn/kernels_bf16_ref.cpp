// The bfloat16 products as one would write them on paper; sums run in double as in kernels_ref.cpp.
#include <bit>
#include <cmath>

#include "kernel_tables.hpp"
#include "snac/nn/kernels_bf16.hpp"

namespace snac::nn::detail {
namespace {

std::size_t at(int row, int width, int column) {
  return static_cast<std::size_t>(row) * static_cast<std::size_t>(width) + static_cast<std::size_t>(column);
}
std::size_t at_pair(int row, int width, int column) { return 2 * at(row / 2, width, column) + static_cast<std::size_t>(row % 2); }

Bf16 rounded(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  if (std::isnan(x)) return {static_cast<std::uint16_t>((bits >> 16) | 0x40U)};
  if ((bits & 0x7f800000U) == 0) return {static_cast<std::uint16_t>((bits >> 16) & 0x8000U)};
  return {static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16)};
}
double value(Bf16 x) { return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(x.bits) << 16)); }

void store(int rows, int width, Bf16Matrix out, int row, int column, Bf16 x) {
  if (out.by_row != nullptr) out.by_row[at(row, width, column)] = x;
  if (out.by_pair == nullptr) return;
  out.by_pair[at_pair(row, width, column)] = x;
  if (row + 1 == rows && row % 2 == 0) out.by_pair[at_pair(row, width, column) + 1] = {};
}

void round(int rows, int columns, const float* x, Bf16Matrix y) {
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) store(rows, columns, y, r, c, rounded(x[at(r, columns, c)]));
  }
}

void round_transposed(int inputs, int outputs, const float* w, Bf16* wt) {
  const int ip = padded(inputs), op = padded(outputs);
  for (int o = 0; o < outputs; ++o) {
    for (int i = 0; i < ip; ++i) {
      store(outputs, ip, {.by_row = nullptr, .by_pair = wt}, o, i, i < inputs ? rounded(w[at(i, op, o)]) : Bf16{});
    }
  }
}

void dense_forward(DenseShape s, const Bf16* x, const Bf16* w, const float* bias, bool relu, float* y, Bf16Matrix out) {
  const int ip = padded(s.inputs), op = padded(s.outputs);
  for (int b = 0; b < s.rows; ++b) {
    for (int o = 0; o < op; ++o) {
      double sum = static_cast<double>(bias[o]);
      for (int i = 0; i < s.inputs; ++i) sum += value(x[at(b, ip, i)]) * value(w[at_pair(i, op, o)]);
      auto result = static_cast<float>(sum);
      if (relu && result <= 0) result = 0;
      if (y != nullptr) {
        y[at(b, op, o)] = result;
      } else {
        store(s.rows, op, out, b, o, rounded(result));
      }
    }
  }
}

void dense_input_gradient(DenseShape s, const Bf16* dy, const Bf16* wt, const Bf16* relu_output, float* dx, Bf16Matrix out) {
  const int ip = padded(s.inputs), op = padded(s.outputs);
  for (int b = 0; b < s.rows; ++b) {
    for (int i = 0; i < ip; ++i) {
      double sum = 0;
      for (int o = 0; o < s.outputs; ++o) sum += value(dy[at(b, op, o)]) * value(wt[at_pair(o, ip, i)]);
      const bool blocked = relu_output != nullptr && value(relu_output[at(b, ip, i)]) <= 0;
      const float result = blocked ? 0.0F : static_cast<float>(sum);
      if (dx != nullptr) {
        dx[at(b, ip, i)] = result;
      } else {
        store(s.rows, ip, out, b, i, rounded(result));
      }
    }
  }
}

void dense_weight_gradient(DenseShape s, const Bf16* x, const Bf16* dy, float* dw, float* db) {
  const int ip = padded(s.inputs), op = padded(s.outputs);
  for (int o = 0; o < op; ++o) {
    for (int i = 0; i < s.inputs; ++i) {
      double sum = 0;
      for (int b = 0; b < s.rows; ++b) sum += value(x[at_pair(b, ip, i)]) * value(dy[at_pair(b, op, o)]);
      dw[at(i, op, o)] = static_cast<float>(sum);
    }
    double sum = 0;
    for (int b = 0; b < s.rows; ++b) sum += value(dy[at_pair(b, op, o)]);
    db[o] = static_cast<float>(sum);
  }
}

}  // namespace

const Bf16Kernels* reference_bf16_kernels() {
  static const Bf16Kernels kTable{.name = "reference",
                                  .round = round,
                                  .round_transposed = round_transposed,
                                  .dense_forward = dense_forward,
                                  .dense_input_gradient = dense_input_gradient,
                                  .dense_weight_gradient = dense_weight_gradient,
                                  .adam = reference_kernels()->adam};
  return &kTable;
}

}  // namespace snac::nn::detail
