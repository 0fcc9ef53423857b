#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>

#include "builders.hpp"
#include "grid.hpp"
#include "snac/fixed/output_stage.hpp"

namespace snac::exchange {
namespace {

using fixed::FixedType;
using fixed::TensorType;

/// The narrowest type with that many fraction bits that holds low to high.
FixedType type_holding(std::int64_t low, std::int64_t high, int fraction_bits) {
  const auto bits = [](std::int64_t v) { return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(v < 0 ? ~v : v))); };
  const bool is_signed = low < 0;
  const int width = std::max(1, std::max(bits(low), bits(high)) + (is_signed ? 1 : 0));
  return {width, width - fraction_bits, is_signed};
}

/// One type that holds every value of the types.
FixedType union_of(const std::vector<FixedType>& types) {
  int fraction = std::numeric_limits<int>::min(), integer = std::numeric_limits<int>::min();
  const bool is_signed = std::any_of(types.begin(), types.end(), [](const auto& t) { return t.is_signed; });
  for (const FixedType& type : types) {
    fraction = std::max(fraction, type.fraction_bits());
    integer = std::max(integer, type.integer_bits + (is_signed && !type.is_signed ? 1 : 0));
  }
  return {integer + fraction, integer, is_signed};
}

class FixedBuilder {
 public:
  FixedBuilder(const Chain& chain, std::vector<std::string>& notes) : chain_(chain), notes_(notes) {}

  fixed::FixedNet build(const std::optional<FixedType>& input) {
    begin(input);
    while (next_ < chain_.steps.size()) {
      const Step& step = chain_.steps[next_++];
      if (ended_) fail(step, "a step behind softmax or argmax", "them as the model's last steps");
      std::visit([&](const auto& op) { add(step, op); }, step.op);
    }
    if (net_.nodes.empty()) fail_at(chain_.file, "", "no dense layer", "an MLP");
    net_.validate(chain_.file);
    return std::move(net_);
  }

 private:
  [[noreturn]] void fail(const Step& step, const std::string& found, const std::string& expected, const std::string& hint = {}) const {
    fail_at(chain_.file, step.node, found, expected, hint);
  }

  template <class Op>
  const Op* peek(std::size_t ahead = 0) const {
    return next_ + ahead < chain_.steps.size() ? std::get_if<Op>(&chain_.steps[next_ + ahead].op) : nullptr;
  }

  const std::vector<FixedType>& checked(const Step& step, const QuantStep& quant) const {
    if (!quant.refusal.empty()) fail(step, quant.refusal, "what a fixed-point type says", "read the weights alone with --float");
    return quant.types;
  }
  /// The types of the quantiser that comes next, which is taken.
  std::optional<std::vector<FixedType>> take_quant() {
    const auto* quant = peek<QuantStep>();
    if (quant == nullptr) return {};
    return checked(chain_.steps[next_++], *quant);
  }

  static TensorType tensor(std::size_t elements, std::vector<FixedType> types) {
    if (std::all_of(types.begin(), types.end(), [&](const FixedType& type) { return type == types.front(); })) types.resize(1);
    return {{{"feature", static_cast<int>(elements)}}, std::move(types)};
  }

  void begin(const std::optional<FixedType>& input) {
    const std::size_t elements = inputs();
    if (elements == 0) fail_at(chain_.file, "", "inputs of unknown number", "a model that says how many features it reads");
    if (elements > fixed::kMaxElements)
      fail_at(chain_.file, "", fmt::format("{} inputs", elements), fmt::format("at most {}", fixed::kMaxElements));
    if (input) {
      net_.input = tensor(elements, {*input});
      return;
    }
    if (const auto types = take_quant()) {
      net_.input = tensor(elements, *types);
      return;
    }
    const std::string first = chain_.steps.empty() ? "" : chain_.steps.front().node;
    fail_at(chain_.file, first, "inputs without a quantiser", "a Quant node as the first one, or the type of the inputs",
            "name it: --input 'fixed<12,4>'; or read the weights alone with --float");
  }
  std::size_t inputs() const {
    if (chain_.inputs > 0) return chain_.inputs;
    for (const Step& step : chain_.steps) {
      if (const auto* affine = std::get_if<AffineStep>(&step.op)) return affine->inputs;
    }
    return 0;
  }

  int source() const { return static_cast<int>(net_.nodes.size()); }
  std::string name(const std::string& kind) { return fmt::format("{}_{}", kind, ++names_[kind]); }
  /// The current value's type. @throws DataError if the elements differ.
  FixedType shared_type(const Step& step) {
    const TensorType value = net_.output();
    if (value.types.size() > 1) {
      const FixedType type = union_of(value.types);
      if (!type.valid()) fail(step, "elements on grids too far apart", "one grid for all elements");
      push("cast", fixed::CastOp{}, {value.shape, {type}});
    }
    return net_.output().type(0);
  }
  void push(const std::string& kind, fixed::Op op, TensorType output) {
    const int from = source();
    net_.nodes.push_back({name(kind), std::move(op), {from}, std::move(output)});
  }

  void add(const Step& step, const AffineStep& affine) {
    fixed::DenseOp dense;
    dense.inputs = static_cast<int>(affine.inputs);
    dense.outputs = static_cast<int>(affine.outputs);
    const TensorType input = net_.output();
    if (input.size() != affine.inputs)
      fail(step, fmt::format("{} inputs", affine.inputs), fmt::format("{} as its input has", input.size()));
    int finest = input.types.front().fraction_bits();
    for (const FixedType& type : input.types) finest = std::max(finest, type.fraction_bits());
    dense.weight_fraction_bits = std::max(fraction_bits_of(affine.weights), -fixed::kMaxFractionBits / 2);
    dense.bias_fraction_bits = std::max(finest + dense.weight_fraction_bits, fraction_bits_of(affine.bias));
    for (const double w : affine.weights) {
      std::int64_t raw = 0;
      if (!to_integer(w, dense.weight_fraction_bits, raw) || raw != static_cast<std::int32_t>(raw)) {
        fail(step, fmt::format("weights that take more than 32 bits on one grid, for instance {:.9g}", w),
             "quantised weights, scales that are powers of two",
             "quantise them with a Quant node, without batch normalisation behind; or read the weights alone with --float");
      }
      dense.weights.push_back(static_cast<std::int32_t>(raw));
    }
    for (const double b : affine.bias) {
      std::int64_t raw = 0;
      if (!to_integer(b, dense.bias_fraction_bits, raw)) {
        fail(step, fmt::format("a bias {:.9g} that takes more than 62 bits on the grid of its sum", b), "a quantised bias",
             "quantise it with a Quant node; or read the weights alone with --float");
      }
      dense.bias.push_back(raw);
    }
    TensorType output = output_of(step, dense, input);
    push("dense", std::move(dense), std::move(output));
  }

  /// The type that the next steps give a sum, and these steps taken; without a quantiser one that holds every sum.
  TensorType output_of(const Step& step, const fixed::DenseOp& dense, const TensorType& input) {
    const auto outputs = static_cast<std::size_t>(dense.outputs);
    if (const auto types = take_quant()) return tensor(outputs, *types);
    const auto* activation = peek<ActivationStep>();
    const auto* quant = peek<QuantStep>(1);
    if (activation != nullptr && activation->kind == space::Activation::relu && quant != nullptr) {
      const auto& types = checked(chain_.steps[next_ + 1], *quant);
      // The cast to an unsigned saturating type turns negative sums into zero.
      if (std::none_of(types.begin(), types.end(), [](const FixedType& type) { return type.is_signed; })) {
        next_ += 2;
        return tensor(outputs, types);
      }
    }
    std::int64_t low = 0, high = 0;
    for (const auto& range : fixed::accumulator_ranges(dense, input, chain_.file + ": " + step.node)) {
      low = std::min(low, range.low);
      high = std::max(high, range.high);
    }
    return tensor(outputs, {type_holding(low, high, dense.bias_fraction_bits)});
  }

  void add(const Step& step, const ScaleStep& scale) {
    const std::size_t elements = net_.output().size();
    if (elements > 1024) fail(step, fmt::format("a scaling of {} elements", elements), "at most 1024, or a dense layer in front of it");
    AffineStep affine{elements, elements, std::vector<double>(elements * elements), {}};
    for (std::size_t i = 0; i < elements; ++i) {
      affine.weights[i * elements + i] = scale.scale.size() == 1 ? scale.scale.front() : scale.scale[i];
      affine.bias.push_back(scale.shift.size() == 1 ? scale.shift.front() : scale.shift[i]);
    }
    add(step, affine);
  }

  void add(const Step& step, const QuantStep& quant) { push("cast", fixed::CastOp{}, tensor(net_.output().size(), checked(step, quant))); }

  void add(const Step& step, const ActivationStep& activation) {
    if (activation.kind == space::Activation::relu) {
      add_relu();
      return;
    }
    if (net_.nodes.empty()) fail(step, "an activation of the inputs", "a dense layer first");
    const FixedType from = shared_type(step);
    require_table(step, from);
    const auto types = take_quant();
    if (!types) fail(step, space::to_string(activation.kind) + " without a quantiser behind it", "a Quant node behind it");
    const TensorType output = tensor(net_.output().size(), *types);
    if (output.types.size() > 1) fail(step, "results of different types", "one type for all elements");
    add_table(space::to_string(activation.kind), from, output.types.front(), [&](double x) {
      switch (activation.kind) {
        case space::Activation::tanh:
          return std::tanh(x);
        case space::Activation::sigmoid:
          return 1 / (1 + std::exp(-x));
        case space::Activation::leaky_relu:
          return x < 0 ? activation.slope * x : x;
        default:
          return x;
      }
    });
  }

  void add_relu() {
    const TensorType input = net_.output();
    auto types = take_quant();
    if (!types) {
      types.emplace();
      for (const FixedType& type : input.types) {
        types->push_back(type.is_signed && type.width > 1 ? FixedType{type.width - 1, type.integer_bits - 1, false}
                                                          : FixedType{type.width, type.integer_bits, false});
      }
    }
    push("relu", fixed::ReluOp{}, tensor(input.size(), *types));
  }

  void require_table(const Step& step, const FixedType& type) const {
    if (type.width <= fixed::kMaxTableWidth) return;
    fail(step, fmt::format("a function of values of type {}", fixed::to_string(type)),
         fmt::format("at most {} bits", fixed::kMaxTableWidth), "put a Quant node in front of it");
  }

  template <class Function>
  void add_table(const std::string& name, const FixedType& from, const FixedType& to, const Function& function) {
    fixed::TableOp table{name, {}};
    for (std::int64_t raw = from.min_raw(); raw <= from.max_raw(); ++raw)
      table.table.push_back(fixed::cast_real(function(fixed::to_real(raw, from)), to));
    push(name, std::move(table), tensor(net_.output().size(), {to}));
  }

  void add(const Step& step, const ThresholdStep& steps) {
    const FixedType from = shared_type(step);
    require_table(step, from);
    if (steps.rows != 1) fail(step, fmt::format("{} rows of thresholds", steps.rows), "the same thresholds for all elements");
    const auto value = [&](double x) {
      const auto passed = std::upper_bound(steps.thresholds.begin(), steps.thresholds.end(), x) - steps.thresholds.begin();
      return steps.offset + steps.step * static_cast<double>(passed);
    };
    auto types = take_quant();
    if (!types) {
      const std::vector<double> ends{value(-std::numeric_limits<double>::infinity()), value(std::numeric_limits<double>::infinity())};
      const std::vector<double> grid{steps.step, ends[0], ends[1]};
      const int fraction = std::max(fraction_bits_of(grid), -fixed::kMaxIntegerBits / 2);
      std::int64_t low = 0, high = 0;
      if (!to_integer(ends[0], fraction, low) || !to_integer(ends[1], fraction, high))
        fail(step, "results on no grid", "an out_scale that is a power of two");
      types = {type_holding(std::min(low, high), std::max(low, high), fraction)};
    }
    if (tensor(1, *types).types.size() > 1) fail(step, "results of different types", "one type for all elements");
    add_table("threshold", from, types->front(), value);
  }

  void add(const Step& step, const SoftmaxStep&) {
    notes_.push_back(
        fmt::format("{}: taken off, the network gives its logits (--output-stage softmax of snac synth has integers for it)", step.node));
    ended_ = peek<ArgmaxStep>() == nullptr;
  }
  void add(const Step&, const ArgmaxStep&) { net_ = fixed::with_output(std::move(net_), fixed::OutputKind::argmax); }

  const Chain& chain_;
  std::vector<std::string>& notes_;
  fixed::FixedNet net_;
  std::size_t next_ = 0;
  std::map<std::string, int> names_;
  bool ended_ = false;
};

}  // namespace

fixed::FixedNet to_fixed_net(const Chain& chain, const std::optional<fixed::FixedType>& input, std::vector<std::string>& notes) {
  return FixedBuilder(chain, notes).build(input);
}

}  // namespace snac::exchange
