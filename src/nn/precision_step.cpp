#include "precision_step.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <numeric>
#include <stdexcept>

namespace snac::nn {
namespace {

constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kAdamEpsilon = 1e-7;  // Keras' defaults
constexpr double kLn2 = std::numbers::ln2;

// Bounds that keep every raw value below 2^23: a weight has at most 10 integer bits, an element 10 + 12 bits.
constexpr float kFinest = 12, kCoarsest = -8, kWidest = 10, kLargestWeight = 1000;

std::size_t size_of(int value) { return static_cast<std::size_t>(value); }
int nearest(float value) { return static_cast<int>(std::floor(static_cast<double>(value) + 0.5)); }

/// Bits of the integer |quantized| 2^fraction.
int magnitude_bits(float quantized, int fraction) {
  if (quantized == 0.0F) return 0;
  const auto exponent = static_cast<int>((std::bit_cast<std::uint32_t>(quantized) >> 23) & 0xffU) - 127;
  return std::max(1, exponent + fraction + 1);
}

/// Signed digits of a weight, on average over integers of that many bits (a canonical form has a third of its digits set), and
/// what one bit less saves.
struct Digits {
  double count = 0, slope = 0;
};
Digits expected_digits(int bits) {
  if (bits == 0) return {};
  return {1 + (bits - 1) / 3.0, bits == 1 ? 1.0 : 1 / 3.0};
}

}  // namespace

RoundedBits rounded_bits(const ElementBits& bits, std::size_t element) {
  return {nearest(bits.fraction[element]), nearest(bits.range[element])};
}

Grid learned_grid(RoundedBits bits, bool is_signed) {
  if (bits.width() <= 0) return {.fraction_bits = bits.fraction, .min_raw = 0, .max_raw = 0};
  const std::int64_t values = std::int64_t{1} << bits.width();
  return {.fraction_bits = bits.fraction, .min_raw = is_signed ? -values : 0, .max_raw = values - 1};
}

LayerCost layer_cost(CostProxy proxy, const PackedLayer& layer, const float* quantized, const float* fraction,
                     std::span<const int> input_bits, float* by_fraction) {
  const std::size_t op = size_of(layer.padded_outputs);
  LayerCost result{.cost = 0, .by_input_bit = std::vector<double>(input_bits.size())};
  std::vector<int> widest(op, -1);  // per output: the input whose term needs no adder
  for (std::size_t i = 0; i < input_bits.size(); ++i) {
    for (std::size_t o = 0; o < op; ++o) {
      const std::size_t k = i * op + o;
      const int bits = input_bits[i] > 0 ? magnitude_bits(quantized[k], nearest(fraction[k])) : 0;
      const Digits digits =
          proxy == CostProxy::adder_bits ? expected_digits(bits) : Digits{static_cast<double>(bits), bits > 0 ? 1.0 : 0.0};
      result.cost += input_bits[i] * digits.count;
      result.by_input_bit[i] += digits.count;
      if (by_fraction != nullptr) by_fraction[k] = static_cast<float>(input_bits[i] * digits.slope);
      if (bits > 0 && (widest[o] < 0 || input_bits[i] > input_bits[size_of(widest[o])])) widest[o] = static_cast<int>(i);
    }
  }
  if (proxy == CostProxy::bit_operations) return result;
  for (const int input : widest) {
    if (input < 0) continue;
    result.cost -= input_bits[size_of(input)];
    result.by_input_bit[size_of(input)] -= 1;
  }
  return result;
}

PrecisionStep::Elements PrecisionStep::place(int count, bool is_signed, bool relu) {
  const std::size_t width = size_of(padded(count));
  const Elements elements{.count = count, .is_signed = is_signed, .relu = relu, .fraction = size_, .range = size_ + width};
  size_ += 2 * width;
  return elements;
}

template <class Merge>
void PrecisionStep::for_each_common(Merge merge) const {
  if (granularity_.weights != WeightBits::each) {
    for (const PackedLayer& layer : layout_.layers) {
      const std::size_t first = fractions_ + layer.weight, op = size_of(layer.padded_outputs);
      if (granularity_.weights == WeightBits::layer) {
        merge(first, 1, layer.weight_size);
        continue;
      }
      for (std::size_t o = 0; o < size_of(layer.outputs); ++o) merge(first + o, op, size_of(layer.inputs));
    }
  }
  if (granularity_.activations == ActivationBits::each) return;
  const auto merge_elements = [&](const Elements& elements) {
    merge(elements.fraction, 1, size_of(elements.count));
    merge(elements.range, 1, size_of(elements.count));
  };
  merge_elements(input_elements_);
  for (const Layer& layer : layers_) {
    if (layer.elements) merge_elements(*layer.elements);
  }
}

PrecisionStep::PrecisionStep(const PrecisionNet& net, int largest_batch, CostProxy proxy, Granularity granularity)
    : kernels_(nn::kernels()), spec_(net), proxy_(proxy), granularity_(granularity), layout_(packed_layout(net.mlp)) {
  const Mlp& mlp = spec_.mlp;
  require_fits(spec_.start, mlp);
  fractions_ = layout_.size;
  size_ = 2 * layout_.size;
  input_elements_ = place(mlp.layers.front().inputs, true, false);
  input_grids_.emplace(mlp.layers.front().inputs);
  const auto area = [&](int width) { return size_of(largest_batch) * size_of(width); };
  std::size_t largest_transposed = 0;
  for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
    const LayerLayout& flat = mlp.layers[l];
    if (flat.dropout > 0) throw std::invalid_argument("learned precision: dropout is not for this stage");
    Layer layer;
    layer.packed = layout_.layers[l];
    const std::size_t n = area(layer.packed.padded_outputs);
    if (uses_table(flat.activation)) {
      layer.table.emplace(kernels_, flat.function(), spec_.start.layers[l], flat.outputs);
      layer.slope = AlignedBuffer(n);
    } else {
      const bool relu = flat.activation == space::Activation::relu;
      layer.elements = place(flat.outputs, !relu, relu);
      layer.grids.emplace(flat.outputs);
    }
    layer.sum = AlignedBuffer(n);
    layer.output = AlignedBuffer(n);
    largest_transposed = std::max(largest_transposed, size_of(flat.outputs) * size_of(padded(flat.inputs)));
    layers_.push_back(std::move(layer));
  }
  trained_ = AlignedBuffer(size_);
  gradient_ = AlignedBuffer(size_);
  first_moment_ = AlignedBuffer(size_);
  second_moment_ = AlignedBuffer(size_);
  quantized_ = AlignedBuffer(layout_.size);
  cost_slope_ = AlignedBuffer(layout_.size);
  raw_input_ = AlignedBuffer(area(padded(mlp.layers.front().inputs)));
  input_ = AlignedBuffer(raw_input_.size());
  transposed_ = AlignedBuffer(largest_transposed);
  upstream_ = AlignedBuffer(area(layout_.widest));
  downstream_ = AlignedBuffer(area(layout_.widest));
  labels_.resize(size_of(largest_batch));
  load(net);
}

void PrecisionStep::load(const PrecisionNet& net) {
  pack(net.mlp, layout_, net.mlp.parameters.data(), trained_.data());
  pack(net.mlp, layout_, net.weight_fraction.data(), trained_.data() + fractions_);
  const auto put = [&](const Elements& elements, const ElementBits& bits) {
    if (bits.fraction.size() != size_of(elements.count) || bits.range.size() != size_of(elements.count)) {
      throw std::invalid_argument("learned precision: bits for another number of elements");
    }
    std::copy(bits.fraction.begin(), bits.fraction.end(), trained_.data() + elements.fraction);
    std::copy(bits.range.begin(), bits.range.end(), trained_.data() + elements.range);
  };
  put(input_elements_, net.input);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    if (layers_[l].elements) put(*layers_[l].elements, net.outputs[l]);
  }
  for_each_common([&](std::size_t first, std::size_t stride, std::size_t count) {
    float largest = trained_[first];
    for (std::size_t k = 0; k < count; ++k) largest = std::max(largest, trained_[first + k * stride]);
    for (std::size_t k = 0; k < count; ++k) trained_[first + k * stride] = largest;
  });
  keep_in_range();
}

PrecisionNet PrecisionStep::shaped(const AlignedBuffer& trained) const {
  PrecisionNet net = spec_;
  unpack(net.mlp, layout_, trained.data(), net.mlp.parameters.data());
  unpack(net.mlp, layout_, trained.data() + fractions_, net.weight_fraction.data());
  const auto get = [&](const Elements& elements, ElementBits& bits) {
    std::copy_n(trained.data() + elements.fraction, elements.count, bits.fraction.begin());
    std::copy_n(trained.data() + elements.range, elements.count, bits.range.begin());
  };
  get(input_elements_, net.input);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    if (layers_[l].elements) get(*layers_[l].elements, net.outputs[l]);
  }
  return net;
}

PrecisionNet PrecisionStep::net() const { return shaped(trained_); }

RoundedBits PrecisionStep::bits_of(const Elements& elements, int element) const {
  const std::size_t e = size_of(element);
  return {nearest(trained_[elements.fraction + e]), nearest(trained_[elements.range + e])};
}

void PrecisionStep::set_grids(const Elements& elements, ColumnGridBuffer& grids) const {
  for (int e = 0; e < elements.count; ++e) {
    FloatGrid grid = float_grid(learned_grid(bits_of(elements, e), elements.is_signed));
    if (elements.relu) grid.pass_above = 0;
    grids.set(e, grid);
  }
}

void PrecisionStep::quantize() {
  set_grids(input_elements_, *input_grids_);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    float* bias_fraction = trained_.data() + fractions_ + layer.packed.bias;
    for (int o = 0; o < layer.packed.outputs; ++o) {
      bias_fraction[o] =
          static_cast<float>(layer.elements ? bits_of(*layer.elements, o).fraction + 1 : spec_.start.layers[l].bias_fraction_bits);
    }
    if (layer.elements) set_grids(*layer.elements, *layer.grids);
  }
  kernels_.fake_quantize_each(layout_.size, trained_.data() + fractions_, trained_.data(), quantized_.data());
}

void PrecisionStep::forward(std::span<const std::uint32_t> rows, const data::Dataset& data) {
  const int count = static_cast<int>(rows.size());
  gather_rows(data, rows, raw_input_.data());
  for (std::size_t r = 0; r < rows.size(); ++r) labels_[r] = data.labels[rows[r]];
  quantize();
  kernels_.fake_quantize_columns(count, padded(data.num_features), input_grids_->grids(), raw_input_.data(), input_.data(), nullptr);
  const float* x = input_.data();
  for (Layer& layer : layers_) {
    const PackedLayer& packed = layer.packed;
    kernels_.dense_forward({count, packed.inputs, packed.outputs}, x, quantized_.data() + packed.weight, quantized_.data() + packed.bias,
                           false, layer.sum.data());
    if (layer.table) {
      layer.table->apply(count, layer.sum.data(), layer.output.data(), layer.slope.data());
    } else {
      kernels_.fake_quantize_columns(count, packed.padded_outputs, layer.grids->grids(), layer.sum.data(), layer.output.data(), nullptr);
    }
    x = layer.output.data();
  }
}

void PrecisionStep::backward(int rows) {
  float* gradient = gradient_.data();
  for (std::size_t l = layers_.size(); l-- > 0;) {
    Layer& layer = layers_[l];
    const PackedLayer& packed = layer.packed;
    float* d = upstream_.data();
    if (layer.table) {
      kernels_.multiply(size_of(rows) * size_of(packed.padded_outputs), layer.slope.data(), d);
    } else {
      kernels_.fake_quantize_columns_gradient(rows, packed.padded_outputs, layer.grids->grids(), layer.sum.data(), layer.output.data(), d,
                                              gradient + layer.elements->fraction, gradient + layer.elements->range);
    }
    const DenseShape shape{rows, packed.inputs, packed.outputs};
    const float* x = l == 0 ? input_.data() : layers_[l - 1].output.data();
    kernels_.dense_weight_gradient(shape, x, d, gradient + packed.weight, gradient + packed.bias);
    kernels_.transpose(packed.inputs, packed.outputs, quantized_.data() + packed.weight, transposed_.data());
    kernels_.dense_input_gradient(shape, d, transposed_.data(), nullptr, downstream_.data());
    std::swap(upstream_, downstream_);
  }
  kernels_.fake_quantize_columns_gradient(rows, padded(input_elements_.count), input_grids_->grids(), raw_input_.data(), input_.data(),
                                          upstream_.data(), gradient + input_elements_.fraction, gradient + input_elements_.range);
  // dy/df = ln 2 (x - y) for weights too; element bits got their sums without the factor.
  const auto ln2 = static_cast<float>(kLn2);
  const float* w = trained_.data();
  for (std::size_t k = 0; k < layout_.size; ++k) gradient[fractions_ + k] = ln2 * gradient[k] * (w[k] - quantized_[k]);
  for (std::size_t k = 2 * layout_.size; k < size_; ++k) gradient[k] *= ln2;
}

std::vector<int> PrecisionStep::input_bits(std::size_t l) const {
  std::vector<int> bits;
  const Elements* elements = below(l);
  for (int i = 0; i < layers_[l].packed.inputs; ++i) {
    if (elements != nullptr) {
      const int magnitude = bits_of(*elements, i).width();
      bits.push_back(magnitude > 0 ? magnitude + (elements->is_signed ? 1 : 0) : 0);
    } else {
      const Grid& grid = spec_.start.layers[l - 1].output[size_of(i)];
      bits.push_back(static_cast<int>(std::bit_width(static_cast<std::uint64_t>(grid.max_raw))) + (grid.min_raw < 0 ? 1 : 0));
    }
  }
  return bits;
}

const PrecisionStep::Elements* PrecisionStep::below(std::size_t l) const {
  if (l == 0) return &input_elements_;
  return layers_[l - 1].elements ? &*layers_[l - 1].elements : nullptr;
}

double PrecisionStep::cost() {
  quantize();
  double sum = 0;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const PackedLayer& packed = layers_[l].packed;
    const std::vector<int> bits = input_bits(l);
    sum += layer_cost(proxy_, packed, quantized_.data() + packed.weight, trained_.data() + fractions_ + packed.weight, bits, nullptr).cost;
    if (below(l) != nullptr) sum += std::accumulate(bits.begin(), bits.end(), 0.0);
  }
  return sum;
}

void PrecisionStep::add_cost(double factor) {
  const auto scale = static_cast<float>(factor);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const PackedLayer& packed = layers_[l].packed;
    const std::vector<int> bits = input_bits(l);
    const LayerCost cost = layer_cost(proxy_, packed, quantized_.data() + packed.weight, trained_.data() + fractions_ + packed.weight, bits,
                                      cost_slope_.data() + packed.weight);
    for (std::size_t k = packed.weight; k < packed.bias; ++k) gradient_[fractions_ + k] += scale * cost_slope_[k];
    const Elements* elements = below(l);
    if (elements == nullptr) continue;
    for (std::size_t i = 0; i < bits.size(); ++i) {
      if (bits[i] == 0) continue;
      const auto by_bit = static_cast<float>(factor * (cost.by_input_bit[i] + 1));
      gradient_[elements->fraction + i] += by_bit;
      gradient_[elements->range + i] += by_bit;
    }
  }
}

double PrecisionStep::compute_gradient(const data::Dataset& data, std::span<const std::uint32_t> rows, double cost_factor) {
  const int count = static_cast<int>(rows.size());
  forward(rows, data);
  const Layer& last = layers_.back();
  const double loss = kernels_.softmax_cross_entropy(count, last.packed.outputs, last.output.data(), labels_.data(),
                                                     1.0F / static_cast<float>(count), upstream_.data());
  backward(count);
  add_cost(cost_factor);
  for_each_common([&](std::size_t first, std::size_t stride, std::size_t members) {
    float sum = 0;
    for (std::size_t k = 0; k < members; ++k) sum += gradient_[first + k * stride];
    for (std::size_t k = 0; k < members; ++k) gradient_[first + k * stride] = sum;
  });
  return loss;
}

double PrecisionStep::run(const data::Dataset& data, std::span<const std::uint32_t> rows, const Rates& rates) {
  ++steps_;
  const double loss = compute_gradient(data, rows, rates.cost_factor);
  update(rates);
  return loss;
}

void PrecisionStep::update(const Rates& rates) {
  const auto t = static_cast<double>(steps_);
  const double correction = std::sqrt(1 - std::pow(kBeta2, t)) / (1 - std::pow(kBeta1, t));
  const auto step_range = [&](std::size_t begin, std::size_t end, double rate) {
    const AdamStep adam{.rate = static_cast<float>(rate * correction),
                        .beta1 = static_cast<float>(kBeta1),
                        .one_minus_beta1 = static_cast<float>(1 - kBeta1),
                        .beta2 = static_cast<float>(kBeta2),
                        .one_minus_beta2 = static_cast<float>(1 - kBeta2),
                        .epsilon = static_cast<float>(kAdamEpsilon)};
    kernels_.adam(end - begin, adam, nullptr, gradient_.data() + begin, first_moment_.data() + begin, second_moment_.data() + begin,
                  trained_.data() + begin);
  };
  step_range(0, layout_.size, rates.weights);
  step_range(fractions_, size_, rates.bits);
  keep_in_range();
}

void PrecisionStep::keep_in_range() {
  float* trained = trained_.data();
  kernels_.clamp(layout_.size, -kLargestWeight, kLargestWeight, trained);
  for (const PackedLayer& layer : layout_.layers)
    kernels_.clamp(layer.weight_size, kCoarsest, kFinest, trained + fractions_ + layer.weight);
  const auto keep = [&](const Elements& elements, float finest, float widest) {
    const std::size_t width = size_of(padded(elements.count));
    kernels_.clamp(width, kCoarsest, finest, trained + elements.fraction);
    kernels_.clamp(width, kCoarsest, widest, trained + elements.range);
  };
  const Grid& input = spec_.start.input[0];
  keep(input_elements_, std::min(kFinest, static_cast<float>(input.fraction_bits)),
       static_cast<float>(static_cast<int>(std::bit_width(static_cast<std::uint64_t>(input.max_raw))) - input.fraction_bits));
  for (const Layer& layer : layers_) {
    if (layer.elements) keep(*layer.elements, kFinest, kWidest);
  }
}

std::vector<float> PrecisionStep::values() const {
  std::vector<float> values;
  for (const AlignedBuffer* buffer : {&trained_, &first_moment_, &second_moment_}) {
    values.insert(values.end(), buffer->data(), buffer->data() + size_);
  }
  return values;
}

void PrecisionStep::resume(std::span<const float> values, std::int64_t steps) {
  if (values.size() != 3 * size_) throw std::invalid_argument("learned precision: the checkpoint is one of another network");
  auto from = values.begin();
  for (AlignedBuffer* buffer : {&trained_, &first_moment_, &second_moment_}) {
    std::copy_n(from, size_, buffer->data());
    from += static_cast<std::ptrdiff_t>(size_);
  }
  steps_ = steps;
}

}  // namespace snac::nn
