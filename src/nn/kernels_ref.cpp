// The kernels as one would write them on paper. Sums run in double, so that a comparison with a fast twin measures
// the twin's rounding. See kernels.hpp for the shapes.
#include <cmath>
#include <limits>

#include "kernel_tables.hpp"

namespace snac::nn::detail {
namespace {

std::size_t at(int row, int width, int column) {
  return static_cast<std::size_t>(row) * static_cast<std::size_t>(width) + static_cast<std::size_t>(column);
}

void dense_forward(DenseShape s, const float* x, const float* w, const float* bias, bool relu, float* y) {
  const int ip = padded(s.inputs), op = padded(s.outputs);
  for (int b = 0; b < s.rows; ++b) {
    for (int o = 0; o < op; ++o) {
      double sum = bias[o];
      for (int i = 0; i < s.inputs; ++i) sum += static_cast<double>(x[at(b, ip, i)]) * static_cast<double>(w[at(i, op, o)]);
      const auto value = static_cast<float>(sum);
      y[at(b, op, o)] = relu && value <= 0 ? 0.0F : value;
    }
  }
}

void dense_input_gradient(DenseShape s, const float* dy, const float* wt, const float* relu_output, float* dx) {
  const int ip = padded(s.inputs), op = padded(s.outputs);
  for (int b = 0; b < s.rows; ++b) {
    for (int i = 0; i < ip; ++i) {
      double sum = 0;
      for (int o = 0; o < s.outputs; ++o) sum += static_cast<double>(dy[at(b, op, o)]) * static_cast<double>(wt[at(o, ip, i)]);
      const bool blocked = relu_output != nullptr && relu_output[at(b, ip, i)] <= 0;
      dx[at(b, ip, i)] = blocked ? 0.0F : static_cast<float>(sum);
    }
  }
}

void dense_weight_gradient(DenseShape s, const float* x, const float* dy, float* dw, float* db) {
  const int ip = padded(s.inputs), op = padded(s.outputs);
  for (int o = 0; o < op; ++o) {
    for (int i = 0; i < s.inputs; ++i) {
      double sum = 0;
      for (int b = 0; b < s.rows; ++b) sum += static_cast<double>(x[at(b, ip, i)]) * static_cast<double>(dy[at(b, op, o)]);
      dw[at(i, op, o)] = static_cast<float>(sum);
    }
    double sum = 0;
    for (int b = 0; b < s.rows; ++b) sum += static_cast<double>(dy[at(b, op, o)]);
    db[o] = static_cast<float>(sum);
  }
}

void transpose(int inputs, int outputs, const float* w, float* wt) {
  const int ip = padded(inputs), op = padded(outputs);
  for (int o = 0; o < outputs; ++o) {
    for (int i = 0; i < ip; ++i) wt[at(o, ip, i)] = i < inputs ? w[at(i, op, o)] : 0.0F;
  }
}

void relu(std::size_t n, float* y) {
  for (std::size_t i = 0; i < n; ++i) y[i] = y[i] <= 0 ? 0.0F : y[i];
}
void tanh_forward(std::size_t n, float* y) {
  for (std::size_t i = 0; i < n; ++i) y[i] = static_cast<float>(std::tanh(static_cast<double>(y[i])));
}
void sigmoid(std::size_t n, float* y) {
  for (std::size_t i = 0; i < n; ++i) y[i] = static_cast<float>(1 / (1 + std::exp(-static_cast<double>(y[i]))));
}
void leaky_relu(std::size_t n, float negative_slope, float* y) {
  for (std::size_t i = 0; i < n; ++i) y[i] = y[i] <= 0 ? negative_slope * y[i] : y[i];
}
void relu_gradient(std::size_t n, const float* y, float* d) {
  for (std::size_t i = 0; i < n; ++i) d[i] = y[i] <= 0 ? 0.0F : d[i];
}
void tanh_gradient(std::size_t n, const float* y, float* d) {
  for (std::size_t i = 0; i < n; ++i) d[i] *= 1 - y[i] * y[i];
}
void sigmoid_gradient(std::size_t n, const float* y, float* d) {
  for (std::size_t i = 0; i < n; ++i) d[i] *= y[i] * (1 - y[i]);
}
void leaky_relu_gradient(std::size_t n, float negative_slope, const float* y, float* d) {
  for (std::size_t i = 0; i < n; ++i) d[i] = y[i] <= 0 ? negative_slope * d[i] : d[i];
}
void multiply(std::size_t n, const float* slope, float* d) {
  for (std::size_t i = 0; i < n; ++i) d[i] *= slope[i];
}

void batch_norm_forward(int rows, int width, float epsilon, const float* gamma, const float* beta, float* z, float* y, float* mean,
                        float* variance, float* inverse_deviation) {
  for (int o = 0; o < width; ++o) {
    double sum = 0, squares = 0;
    for (int b = 0; b < rows; ++b) sum += static_cast<double>(z[at(b, width, o)]);
    const double center = sum / rows;
    for (int b = 0; b < rows; ++b) {
      const double difference = static_cast<double>(z[at(b, width, o)]) - center;
      squares += difference * difference;
    }
    const double inverse = 1 / std::sqrt(squares / rows + static_cast<double>(epsilon));
    mean[o] = static_cast<float>(center);
    variance[o] = static_cast<float>(squares / rows);
    inverse_deviation[o] = static_cast<float>(inverse);
    for (int b = 0; b < rows; ++b) {
      const double normalized = (static_cast<double>(z[at(b, width, o)]) - center) * inverse;
      z[at(b, width, o)] = static_cast<float>(normalized);
      y[at(b, width, o)] = static_cast<float>(static_cast<double>(gamma[o]) * normalized + static_cast<double>(beta[o]));
    }
  }
}

// With n = normalized: dL/dz = gamma * inverse_deviation * (dy - mean(dy) - n * mean(dy n)), Ioffe and Szegedy 2015.
void batch_norm_backward(int rows, int width, const float* normalized, const float* inverse_deviation, const float* gamma, float* d,
                         float* dgamma, float* dbeta) {
  for (int o = 0; o < width; ++o) {
    double sum = 0, product = 0;
    for (int b = 0; b < rows; ++b) {
      sum += static_cast<double>(d[at(b, width, o)]);
      product += static_cast<double>(d[at(b, width, o)]) * static_cast<double>(normalized[at(b, width, o)]);
    }
    dgamma[o] = static_cast<float>(product);
    dbeta[o] = static_cast<float>(sum);
    const double factor = static_cast<double>(gamma[o]) * static_cast<double>(inverse_deviation[o]);
    for (int b = 0; b < rows; ++b) {
      const double n = static_cast<double>(normalized[at(b, width, o)]);
      d[at(b, width, o)] = static_cast<float>(factor * (static_cast<double>(d[at(b, width, o)]) - sum / rows - n * product / rows));
    }
  }
}

// A 32-bit integer hash with low bias (constants of Chris Wellons' hash-prospector, "lowbias32").
std::uint32_t hash(std::uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352dU;
  x ^= x >> 15;
  x *= 0x846ca68bU;
  x ^= x >> 16;
  return x;
}

void dropout(std::size_t n, DropoutMask mask, const float* in, float* out) {
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t draw = hash(static_cast<std::uint32_t>(i) * 0x9e3779b9U + mask.key);
    out[i] = draw >= mask.threshold ? in[i] * mask.scale : 0.0F;
  }
}

double softmax_cross_entropy(int rows, int classes, const float* logits, const std::uint8_t* labels, float scale, float* gradient) {
  const int width = padded(classes);
  double loss = 0;
  for (int b = 0; b < rows; ++b) {
    const float* row = logits + at(b, width, 0);
    double highest = -std::numeric_limits<double>::infinity(), sum = 0;
    for (int o = 0; o < classes; ++o) highest = std::fmax(highest, static_cast<double>(row[o]));
    for (int o = 0; o < classes; ++o) sum += std::exp(static_cast<double>(row[o]) - highest);
    loss += std::log(sum) - (static_cast<double>(row[labels[b]]) - highest);
    if (gradient == nullptr) continue;
    for (int o = 0; o < width; ++o) {
      const double probability = o < classes ? std::exp(static_cast<double>(row[o]) - highest) / sum : 0;
      gradient[at(b, width, o)] = static_cast<float>(static_cast<double>(scale) * (probability - (o == labels[b] ? 1.0 : 0.0)));
    }
  }
  return loss;
}

float regularised(float gradient, float w, float l1, float l2) {
  const float sign = w > 0 ? 1.0F : (w < 0 ? -1.0F : 0.0F);
  return gradient + l1 * sign + l2 * w;
}

void adam(std::size_t n, AdamStep s, const float* mask, const float* gradient, float* m, float* v, float* w) {
  for (std::size_t i = 0; i < n; ++i) {
    if (mask != nullptr && mask[i] == 0.0F) {
      m[i] = v[i] = w[i] = 0.0F;
      continue;
    }
    const float g = regularised(gradient[i], w[i], s.l1, s.l2);
    m[i] = s.beta1 * m[i] + s.one_minus_beta1 * g;
    v[i] = s.beta2 * v[i] + s.one_minus_beta2 * g * g;
    w[i] -= s.rate * m[i] / (std::sqrt(v[i]) + s.epsilon);
  }
}

void momentum(std::size_t n, MomentumStep s, const float* mask, const float* gradient, float* v, float* w) {
  for (std::size_t i = 0; i < n; ++i) {
    if (mask != nullptr && mask[i] == 0.0F) {
      v[i] = w[i] = 0.0F;
      continue;
    }
    v[i] = s.momentum * v[i] - s.rate * regularised(gradient[i], w[i], s.l1, s.l2);
    w[i] += v[i];
  }
}

void clamp(std::size_t n, float lowest, float highest, float* w) {
  for (std::size_t i = 0; i < n; ++i) w[i] = w[i] < lowest ? lowest : (w[i] > highest ? highest : w[i]);
}

/// The raw value; NaN stays NaN.
float round_to_grid(const FloatGrid& grid, float x) {
  const double raw = std::floor(static_cast<double>(x * grid.inverse_step) + 0.5);
  if (raw < static_cast<double>(grid.lowest)) return grid.lowest;
  if (raw > static_cast<double>(grid.highest)) return grid.highest;
  return static_cast<float>(raw);
}
bool gradient_passes(const FloatGrid& grid, float x) {
  return x * grid.inverse_step > grid.pass_above && x * grid.inverse_step <= grid.highest;
}

void fake_quantize(std::size_t n, FloatGrid grid, const float* x, float* y, float* slope) {
  for (std::size_t i = 0; i < n; ++i) {
    const float value = x[i];
    y[i] = round_to_grid(grid, value) * grid.step;
    if (slope != nullptr) slope[i] = gradient_passes(grid, value) ? 1.0F : 0.0F;
  }
}

FloatGrid column(const ColumnGrids& grids, int o) {
  return {.step = grids.step[o],
          .inverse_step = grids.inverse_step[o],
          .lowest = grids.lowest[o],
          .highest = grids.highest[o],
          .pass_above = grids.pass_above[o]};
}

void fake_quantize_columns(int rows, int width, ColumnGrids grids, const float* x, float* y, float* slope) {
  for (int b = 0; b < rows; ++b) {
    for (int o = 0; o < width; ++o) {
      const std::size_t i = at(b, width, o);
      fake_quantize(1, column(grids, o), x + i, y + i, slope != nullptr ? slope + i : nullptr);
    }
  }
}

void fake_quantize_columns_gradient(int rows, int width, ColumnGrids grids, const float* x, const float* y, float* d, float* d_fraction,
                                    float* d_range) {
  for (int o = 0; o < width; ++o) {
    const FloatGrid grid = column(grids, o);
    double fraction = 0, range = 0;
    for (int b = 0; b < rows; ++b) {
      const std::size_t i = at(b, width, o);
      const float t = x[i] * grid.inverse_step;
      const auto upstream = static_cast<double>(d[i]);
      if (t > grid.highest) {
        fraction += upstream * static_cast<double>(grid.step);
        range += upstream * static_cast<double>((grid.highest + 1) * grid.step);
      } else if (t > grid.pass_above) {
        fraction += upstream * static_cast<double>(x[i] - y[i]);
        continue;
      } else {
        range += upstream * static_cast<double>(grid.lowest * grid.step);
      }
      d[i] = 0;
    }
    d_fraction[o] = static_cast<float>(fraction);
    d_range[o] = static_cast<float>(range);
  }
}

void fake_quantize_each(std::size_t n, const float* fraction, const float* x, float* y) {
  for (std::size_t i = 0; i < n; ++i) {
    const auto bits = static_cast<int>(std::floor(static_cast<double>(fraction[i]) + 0.5));
    const double raw = std::floor(std::ldexp(static_cast<double>(x[i]), bits) + 0.5);
    y[i] = static_cast<float>(std::ldexp(raw, -bits));
  }
}

void table(std::size_t n, FloatGrid grid, const float* values, const float* slopes, const float* x, float* y, float* slope) {
  for (std::size_t i = 0; i < n; ++i) {
    const float value = x[i];
    const float raw = round_to_grid(grid, value);
    const bool number = raw == raw;
    const auto index = number ? static_cast<std::size_t>(raw - grid.lowest) : 0;
    y[i] = number ? values[index] : value;
    if (slope != nullptr) slope[i] = gradient_passes(grid, value) ? slopes[index] : 0.0F;
  }
}

/// Value and derivative by v and f(v).
template <class Function, class Derivative>
void on_grids(std::size_t n, FloatGrid pre, FloatGrid out, const float* x, float* y, float* slope, Function f, Derivative derivative) {
  for (std::size_t i = 0; i < n; ++i) {
    const float input = x[i];
    const float v = round_to_grid(pre, input) * pre.step;
    const auto value = static_cast<float>(f(static_cast<double>(v)));
    y[i] = round_to_grid(out, value) * out.step;
    if (slope != nullptr) slope[i] = gradient_passes(pre, input) && gradient_passes(out, value) ? derivative(v, value) : 0.0F;
  }
}
void tanh_on_grids(std::size_t n, FloatGrid pre, FloatGrid out, const float* x, float* y, float* slope) {
  on_grids(
      n, pre, out, x, y, slope, [](double v) { return std::tanh(v); }, [](float, float f) { return 1 - f * f; });
}
void sigmoid_on_grids(std::size_t n, FloatGrid pre, FloatGrid out, const float* x, float* y, float* slope) {
  on_grids(
      n, pre, out, x, y, slope, [](double v) { return 1 / (1 + std::exp(-v)); }, [](float, float f) { return f * (1 - f); });
}
void leaky_relu_on_grids(std::size_t n, FloatGrid pre, FloatGrid out, const float* x, float* y, float* slope) {
  on_grids(
      n, pre, out, x, y, slope, [](double v) { return v <= 0 ? static_cast<double>(kLeakySlope) * v : v; },
      [](float v, float) { return v > 0 ? 1.0F : kLeakySlope; });
}

}  // namespace

const Kernels* reference_kernels() {
  static constexpr Kernels kTable{.name = "reference",
                                  .dense_forward = dense_forward,
                                  .dense_input_gradient = dense_input_gradient,
                                  .dense_weight_gradient = dense_weight_gradient,
                                  .transpose = transpose,
                                  .relu = relu,
                                  .tanh = tanh_forward,
                                  .sigmoid = sigmoid,
                                  .leaky_relu = leaky_relu,
                                  .relu_gradient = relu_gradient,
                                  .tanh_gradient = tanh_gradient,
                                  .sigmoid_gradient = sigmoid_gradient,
                                  .leaky_relu_gradient = leaky_relu_gradient,
                                  .multiply = multiply,
                                  .batch_norm_forward = batch_norm_forward,
                                  .batch_norm_backward = batch_norm_backward,
                                  .dropout = dropout,
                                  .softmax_cross_entropy = softmax_cross_entropy,
                                  .adam = adam,
                                  .momentum = momentum,
                                  .clamp = clamp,
                                  .fake_quantize = fake_quantize,
                                  .fake_quantize_columns = fake_quantize_columns,
                                  .fake_quantize_columns_gradient = fake_quantize_columns_gradient,
                                  .fake_quantize_each = fake_quantize_each,
                                  .table = table,
                                  .tanh_on_grids = tanh_on_grids,
                                  .sigmoid_on_grids = sigmoid_on_grids,
                                  .leaky_relu_on_grids = leaky_relu_on_grids};
  return &kTable;
}

}  // namespace snac::nn::detail
