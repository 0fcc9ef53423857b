#include "snac/exchange/qonnx_export.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "grid.hpp"
#include "onnx_graph.hpp"
#include "snac/core/error.hpp"

namespace snac::exchange {
namespace {

using fixed::FixedType;
using fixed::Overflow;
using fixed::Rounding;
using fixed::TensorType;

constexpr double kExactSingle = 0x1p24;  ///< integers up to it are single-precision numbers
constexpr std::size_t kMaxThresholds = 1U << 16;

/// A value of the network in the graph: `tensor` holds x_i * 2^shift[i].
struct Emitted {
  std::string tensor;
  std::vector<int> shift;  ///< one per element, or one for all
  int shift_of(std::size_t i) const { return shift.size() == 1 ? shift.front() : shift[i]; }
};

/// y = W x + b on real numbers.
struct Sum {
  std::size_t inputs = 0, outputs = 0;
  std::vector<double> weights;  ///< (outputs, inputs)
  std::vector<double> bias;
};

/// The type of a Quant node: one for all elements.
struct Quant {
  int bits = 8, fraction_bits = 0;
  bool is_signed = true, narrow = false;
  std::string rounding = "ROUND";
};

/// What QONNX has to do for a cast: a number added in front, and the name of the rounding behind it ("" = any, nothing is rounded).
struct CastPlan {
  double add = 0;
  std::string rounding;
};

/// Where an element's values lie before its cast, on a grid.
struct Span {
  std::int64_t low = 0, high = 0;
  int fraction_bits = 0;
};

double scaled(double value, int exponent) { return std::ldexp(value, exponent); }

class Exporter {
 public:
  explicit Exporter(const fixed::FixedNet& net) : net_(net), graph_("snac_fixed_net") {}

  QonnxFile run() {
    net_.validate();
    graph_.metadata(net_.class_names, net_.preprocessing);
    emit_input();
    for (std::size_t k = 0; k < net_.nodes.size(); ++k) {
      node_ = &net_.nodes[k];
      index_ = k + 1;
      if (node_->inputs.size() != 1) refuse("several values read", "a chain of layers");
      const auto source = static_cast<std::size_t>(node_->inputs.front());
      values_.push_back(
          std::visit([&](const auto& op) { return emit(op, net_.value(node_->inputs.front()), values_[source]); }, node_->op));
    }
    if (!net_.gives_index()) emit_output();
    file_.bytes = graph_.bytes();
    return std::move(file_);
  }

 private:
  [[noreturn]] void refuse(const std::string& found, const std::string& expected, const std::string& hint = {}) const {
    throw DataError(
        "a network cannot be said in QONNX exactly",
        {.where = node_ == nullptr ? "input" : "node '" + node_->name + "'", .found = found, .expected = expected, .hint = hint});
  }
  void note(const std::string& text) { file_.notes.push_back(fmt::format("{}: {}", node_ == nullptr ? "input" : node_->name, text)); }
  void not_for_hls4ml(const std::string& text) {
    file_.for_hls4ml = false;
    note(text);
  }

  // ---- pieces of graph ----

  std::string name(const std::string& op, const std::string& part = {}) const { return fmt::format("{}_{}{}", op, index_, part); }
  void op(const std::string& op, const std::vector<std::string>& inputs, const std::string& output, std::size_t elements,
          const std::vector<std::pair<std::string, OnnxGraph::Attribute>>& attributes = {}, const std::string& domain = {}) {
    graph_.node(op, inputs, output, attributes, domain);
    graph_.value(output, 1, static_cast<std::int64_t>(elements));
  }

  std::string quant_node(const std::string& input, const std::string& output, const Quant& quant) {
    const std::string scale = graph_.constant(output + "_scale", {}, {static_cast<float>(scaled(1, -quant.fraction_bits))});
    const std::string zero = graph_.constant(output + "_zero", {}, {0});
    const std::string bits = graph_.constant(output + "_bits", {}, {static_cast<float>(quant.bits)});
    graph_.node("Quant", {input, scale, zero, bits}, output,
                {{"signed", std::int64_t{quant.is_signed}}, {"narrow", std::int64_t{quant.narrow}}, {"rounding_mode", quant.rounding}},
                kQuantDomain);
    return output;
  }
  std::string quant(const std::string& input, const std::string& output, std::size_t elements, const Quant& quant) {
    quant_node(input, output, quant);
    graph_.value(output, 1, static_cast<std::int64_t>(elements));
    return output;
  }

  /// A constant with the Quant that declares its type: integers on their common grid. @returns the Quant's output.
  std::string quantised_constant(const std::string& name, const std::vector<std::int64_t>& shape, const std::vector<double>& values) {
    Quant type;
    type.fraction_bits = std::max(fraction_bits_of(values), -fixed::kMaxFractionBits);
    const bool all_zero = std::all_of(values.begin(), values.end(), [](double v) { return v == 0; });
    if (all_zero) type.fraction_bits = 0;
    std::vector<std::int64_t> integers;
    std::vector<float> floats;
    for (const double v : values) {
      integers.push_back(0);
      const auto single = static_cast<float>(v);
      if (!to_integer(v, type.fraction_bits, integers.back()) || static_cast<double>(single) != v ||
          (v != 0 && std::abs(single) < 0x1p-100F))
        refuse(fmt::format("a constant {:.17g}", v), "a number that single precision holds");
      floats.push_back(single);
    }
    type.bits = signed_width(integers);
    graph_.constant(name, shape, floats);
    quant_node(name, name + "_quant", type);
    graph_.value_of_shape(name + "_quant", shape);
    return name + "_quant";
  }

  /// MatMul and Add. `inputs`: the largest magnitude of every input and its grid, for the proof that single precision is exact.
  std::string affine(const std::string& input, const std::string& part, const Sum& sum, const std::vector<Span>& inputs) {
    for (std::size_t o = 0; o < sum.outputs; ++o) {
      std::vector<double> units{sum.bias[o]};
      double magnitude = std::abs(sum.bias[o]);
      for (std::size_t i = 0; i < sum.inputs; ++i) {
        const double w = sum.weights[o * sum.inputs + i];
        const Span& x = inputs[i];
        units.push_back(scaled(w, -x.fraction_bits));
        magnitude +=
            std::abs(w) * scaled(std::max(std::abs(static_cast<double>(x.low)), std::abs(static_cast<double>(x.high))), -x.fraction_bits);
      }
      const int finest = fraction_bits_of(units);
      if (magnitude > 0 && scaled(magnitude, finest) > kExactSingle) {
        refuse(fmt::format("sum {} of up to {:.3g} steps of its grid", o, scaled(magnitude, finest)),
               "at most 2^24, what the single precision of QONNX holds exactly", "fewer bits of weights or activations");
      }
    }
    std::vector<double> transposed(sum.weights.size());
    for (std::size_t o = 0; o < sum.outputs; ++o) {
      for (std::size_t i = 0; i < sum.inputs; ++i) transposed[i * sum.outputs + o] = sum.weights[o * sum.inputs + i];
    }
    const auto n_in = static_cast<std::int64_t>(sum.inputs), n_out = static_cast<std::int64_t>(sum.outputs);
    const std::string weights = quantised_constant(name("weights", part), {n_in, n_out}, transposed);
    op("MatMul", {input, weights}, name("MatMul", part), sum.outputs);
    const std::string bias = quantised_constant(name("bias", part), {n_out}, sum.bias);
    op("Add", {name("MatMul", part), bias}, name("Add", part), sum.outputs);
    return name("Add", part);
  }

  Sum diagonal(const std::vector<double>& values) const {
    Sum sum{values.size(), values.size(), std::vector<double>(values.size() * values.size()), std::vector<double>(values.size())};
    for (std::size_t i = 0; i < values.size(); ++i) sum.weights[i * values.size() + i] = values[i];
    return sum;
  }

  // ---- casts ----

  static bool never_negative(const std::vector<Span>& spans) {
    return std::all_of(spans.begin(), spans.end(), [](const Span& s) { return s.low >= 0; });
  }

  /// @param positive  no value that the same Quant rounds is negative: rounding toward zero is then floor, and so on
  /// @throws DataError for an overflow that QONNX does not have and that can happen.
  CastPlan plan(const FixedType& type, const Span& from, bool positive) const {
    CastPlan plan;
    const int dropped = from.fraction_bits - type.fraction_bits();
    const bool clips =
        !type.is_signed && (type.overflow == Overflow::sat || type.overflow == Overflow::sat_sym);  // negatives become 0 anyway
    const double half = scaled(1, -type.fraction_bits() - 1), unit = scaled(1, -from.fraction_bits);
    if (dropped > 0) {
      switch (type.rounding) {
        case Rounding::trn:
          plan.rounding = "FLOOR";
          break;
        case Rounding::rnd_conv:
          plan.rounding = "ROUND";
          break;
        case Rounding::rnd:
          plan = {half, "FLOOR"};
          break;
        case Rounding::rnd_min_inf:
          plan = {half - unit, "FLOOR"};
          break;
        case Rounding::trn_zero:
          plan.rounding = clips || positive ? "FLOOR" : "DOWN";
          break;
        case Rounding::rnd_inf:
          plan = clips || positive ? CastPlan{half, "FLOOR"} : CastPlan{0, "HALF_UP"};
          break;
        case Rounding::rnd_zero:
          plan = clips || positive ? CastPlan{half - unit, "FLOOR"} : CastPlan{0, "HALF_DOWN"};
          break;
      }
    }
    if (overflows(type, from) && type.overflow != Overflow::sat && type.overflow != Overflow::sat_sym)
      refuse("overflow mode " + fixed::to_string(type.overflow) + " of a value that can overflow", "SAT or SAT_SYM");
    return plan;
  }

  /// The rounded value can lie outside the type.
  static bool overflows(const FixedType& type, const Span& from) {
    FixedType wide = type;
    wide.width = fixed::kMaxWidth;
    wide.integer_bits = wide.width - type.fraction_bits();
    wide.is_signed = true;
    wide.overflow = Overflow::sat;
    return fixed::cast_raw(from.low, from.fraction_bits, wide) < type.lowest_raw() ||
           fixed::cast_raw(from.high, from.fraction_bits, wide) > type.max_raw();
  }

  static bool uniform(const std::vector<FixedType>& types) {
    return std::all_of(types.begin(), types.end(), [&](const FixedType& t) { return t == types.front(); });
  }

  /// One type that holds all values of a tensor's types.
  Quant union_of(const TensorType& type) const {
    Quant quant{.bits = 0, .fraction_bits = std::numeric_limits<int>::min(), .is_signed = false};
    int integer_bits = std::numeric_limits<int>::min();
    for (const FixedType& t : type.types) quant.is_signed |= t.is_signed;
    for (const FixedType& t : type.types) {
      quant.fraction_bits = std::max(quant.fraction_bits, t.fraction_bits());
      integer_bits = std::max(integer_bits, t.integer_bits + (quant.is_signed && !t.is_signed ? 1 : 0));
    }
    quant.bits = integer_bits + quant.fraction_bits;
    if (quant.is_signed && quant.bits < 2) quant.bits = 2;
    if (quant.bits > fixed::kMaxWidth)
      refuse(fmt::format("elements that take {} bits together", quant.bits), fmt::format("at most {}", fixed::kMaxWidth));
    return quant;
  }

  /// The sum, then the cast of every output into its type. @param relu  with max(x, 0) between
  Emitted cast_sum(const std::string& input, Sum sum, const std::vector<Span>& inputs, const std::vector<Span>& outputs,
                   const TensorType& type, bool relu) {
    std::vector<FixedType> types;
    for (std::size_t o = 0; o < sum.outputs; ++o) types.push_back(type.type(o));
    std::vector<CastPlan> plans;
    const bool same = uniform(types), positive = never_negative(outputs);
    for (std::size_t o = 0; o < sum.outputs; ++o) plans.push_back(plan(types[o], outputs[o], same ? positive : outputs[o].low >= 0));
    if (same) return cast_uniform(input, std::move(sum), inputs, outputs, types.front(), plans, relu);
    return cast_each(input, std::move(sum), inputs, outputs, types, plans, relu);
  }

  Emitted cast_uniform(const std::string& input, Sum sum, const std::vector<Span>& inputs, const std::vector<Span>& outputs,
                       const FixedType& type, const std::vector<CastPlan>& plans, bool relu) {
    Quant quant_type{
        .bits = type.width, .fraction_bits = type.fraction_bits(), .is_signed = type.is_signed, .narrow = false, .rounding = ""};
    bool overflow = false;
    for (std::size_t o = 0; o < sum.outputs; ++o) {
      sum.bias[o] += plans[o].add;
      overflow |= overflows(type, outputs[o]);
      if (plans[o].rounding.empty()) continue;
      if (!quant_type.rounding.empty() && quant_type.rounding != plans[o].rounding)
        refuse("outputs that need different roundings", "one rounding");
      quant_type.rounding = plans[o].rounding;
    }
    if (quant_type.rounding.empty()) quant_type.rounding = "ROUND";
    if (quant_type.rounding != "ROUND" && quant_type.rounding != "FLOOR")
      not_for_hls4ml(
          fmt::format("rounding {} stands as {}, which hls4ml does not read", fixed::to_string(type.rounding), quant_type.rounding));
    if (type.is_signed && type.width == 1) {
      if (overflow) refuse("a signed type of one bit that can overflow", "two bits: one signed bit means -1 and +1 in QONNX");
      quant_type.bits = 2;
    }
    quant_type.narrow = overflow && type.is_signed && type.overflow == Overflow::sat_sym;
    std::string value = affine(input, "", sum, inputs);
    if (relu) {
      op("Relu", {value}, name("Relu"), sum.outputs);
      value = name("Relu");
    }
    return {quant(value, name("Quant"), sum.outputs, quant_type), {0}};
  }

  Emitted cast_each(const std::string& input, Sum sum, const std::vector<Span>& inputs, const std::vector<Span>& outputs,
                    std::vector<FixedType> types, const std::vector<CastPlan>& plans, bool relu) {
    const bool any_signed = std::any_of(types.begin(), types.end(), [](const FixedType& t) { return t.is_signed; });
    int widest = 0;
    for (std::size_t o = 0; o < sum.outputs; ++o) {
      FixedType& type = types[o];
      if (!plans[o].rounding.empty() && plans[o].rounding != "FLOOR")
        refuse("elements of different types with rounding " + fixed::to_string(type.rounding), "RND or TRN");
      if (any_signed && !type.is_signed) {
        if (outputs[o].low < 0 || overflows(type, outputs[o]))
          refuse("signed and unsigned elements beside each other that saturate", "all signed or all unsigned");
        ++type.width;
        ++type.integer_bits;
        type.is_signed = true;
      }
      if (type.overflow == Overflow::sat_sym && type.is_signed && overflows(type, outputs[o]))
        refuse("elements of different types with SAT_SYM", "SAT");
      widest = std::max(widest, type.width);
    }
    widest = std::max(widest, 2);
    bool align_top = false;
    for (std::size_t o = 0; o < sum.outputs; ++o) align_top |= types[o].width < widest && overflows(types[o], outputs[o]);

    Emitted emitted;
    const Quant rounding{.bits = widest, .fraction_bits = 0, .is_signed = any_signed, .narrow = false, .rounding = "FLOOR"};
    for (std::size_t o = 0; o < sum.outputs; ++o) {
      const int exponent = align_top ? -types[o].integer_bits : types[o].fraction_bits();
      for (std::size_t i = 0; i < sum.inputs; ++i) sum.weights[o * sum.inputs + i] = scaled(sum.weights[o * sum.inputs + i], exponent);
      sum.bias[o] = scaled(sum.bias[o] + plans[o].add, exponent);
      emitted.shift.push_back(types[o].fraction_bits());
    }
    std::string value = affine(input, "", sum, inputs);
    if (relu) {
      op("Relu", {value}, name("Relu"), sum.outputs);
      value = name("Relu");
    }
    if (!align_top) {
      note("elements of different types: carried as integers, the next layer's weights take the powers of two back");
      emitted.tensor = quant(value, name("Quant"), sum.outputs, rounding);
      return emitted;
    }
    note(
        "elements of different types that saturate: saturated with their highest bits aligned, then rounded with their lowest bits "
        "aligned");
    Quant saturating = rounding;
    saturating.fraction_bits = widest;
    value = quant(value, name("Quant", "_top"), sum.outputs, saturating);
    std::vector<double> factors;
    std::vector<Span> spans;
    for (const FixedType& type : types) {
      factors.push_back(scaled(1, type.width));
      const std::int64_t high = (std::int64_t{1} << (widest - (any_signed ? 1 : 0))) - 1;
      spans.push_back({any_signed ? -high - 1 : 0, high, widest});
    }
    value = affine(value, "_align", diagonal(factors), spans);
    emitted.tensor = quant(value, name("Quant"), sum.outputs, rounding);
    return emitted;
  }

  // ---- values ----

  /// Raw ranges of a tensor's elements as the graph carries them.
  static std::vector<Span> spans_of(const TensorType& type, const Emitted& value) {
    std::vector<Span> spans;
    for (std::size_t i = 0; i < type.size(); ++i) {
      const FixedType& t = type.type(i);
      spans.push_back({t.min_raw(), t.max_raw(), t.fraction_bits() - value.shift_of(i)});
    }
    return spans;
  }

  /// The value itself, all powers of two taken back.
  std::string plain(const TensorType& type, const Emitted& value, const std::string& part) {
    if (std::all_of(value.shift.begin(), value.shift.end(), [](int s) { return s == 0; })) return value.tensor;
    std::vector<double> factors;
    for (std::size_t i = 0; i < type.size(); ++i) factors.push_back(scaled(1, -value.shift_of(i)));
    Quant quant_type = union_of(type);
    const std::string sum = affine(value.tensor, part, diagonal(factors), spans_of(type, value));
    return quant(sum, name("Quant", part), type.size(), quant_type);
  }

  void emit_input() {
    const TensorType& type = net_.input;
    const auto count = static_cast<std::int64_t>(type.size());
    graph_.input("global_in", 1, count);
    Quant quant_type = union_of(type);
    if (!uniform(type.types)) note("features of different types: the Quant at the input holds all of them and rounds none to its own grid");
    values_.push_back({quant("global_in", "Quant_0", type.size(), quant_type), {0}});
    if (quant_type.bits > 24) refuse(fmt::format("inputs of {} bits", quant_type.bits), "at most 24, what single precision holds");
  }

  void emit_output() {
    const TensorType& type = net_.output();
    ++index_;
    graph_.output_from(plain(type, values_.back(), ""), "global_out", 1, static_cast<std::int64_t>(type.size()));
  }

  Emitted emit(const fixed::DenseOp& dense, const TensorType& from, const Emitted& input) {
    Sum sum{static_cast<std::size_t>(dense.inputs), static_cast<std::size_t>(dense.outputs), {}, {}};
    for (std::size_t o = 0; o < sum.outputs; ++o) {
      for (std::size_t i = 0; i < sum.inputs; ++i)
        sum.weights.push_back(scaled(dense.weights[o * sum.inputs + i], -dense.weight_fraction_bits - input.shift_of(i)));
      sum.bias.push_back(scaled(static_cast<double>(dense.bias[o]), -dense.bias_fraction_bits));
      if (std::abs(static_cast<double>(dense.bias[o])) > 0x1p53) refuse("a bias of more than 53 bits", "fewer bits");
    }
    std::vector<Span> outputs;
    for (const auto& range : fixed::accumulator_ranges(dense, from)) outputs.push_back({range.low, range.high, dense.bias_fraction_bits});
    const auto& types = node_->output.types;
    const bool relu = std::none_of(types.begin(), types.end(), [](const FixedType& t) { return t.is_signed; }) &&
                      std::any_of(outputs.begin(), outputs.end(), [](const Span& s) { return s.low < 0; });
    return cast_sum(input.tensor, std::move(sum), spans_of(from, input), outputs, node_->output, relu);
  }

  /// A cast or ReLU of a value: as a sum with the unit matrix, if something has to be added or elements differ.
  Emitted cast_value(const TensorType& from, const Emitted& input, bool relu) {
    std::vector<Span> spans;
    bool plain_cast = uniform(node_->output.types);
    for (std::size_t i = 0; i < from.size(); ++i) {
      const FixedType& t = from.type(i);
      spans.push_back({relu ? std::max<std::int64_t>(0, t.min_raw()) : t.min_raw(),
                       std::max<std::int64_t>(relu ? 0 : t.min_raw(), t.max_raw()), t.fraction_bits()});
    }
    for (std::size_t i = 0; i < from.size(); ++i)
      plain_cast = plain_cast && plan(node_->output.type(i), spans[i], never_negative(spans)).add == 0 && input.shift_of(i) == 0;
    std::vector<double> factors;
    for (std::size_t i = 0; i < from.size(); ++i) factors.push_back(scaled(1, -input.shift_of(i)));
    if (!plain_cast) return cast_sum(input.tensor, diagonal(factors), spans_of(from, input), spans, node_->output, relu);
    const FixedType& type = node_->output.type(0);
    CastPlan shared;
    bool overflow = false;
    for (const Span& span : spans) {
      const CastPlan each = plan(type, span, never_negative(spans));
      if (!each.rounding.empty()) shared = each;
      overflow |= overflows(type, span);
    }
    if (type.is_signed && type.width == 1) refuse("a signed type of one bit", "two bits: one signed bit means -1 and +1 in QONNX");
    if (!shared.rounding.empty() && shared.rounding != "ROUND" && shared.rounding != "FLOOR")
      not_for_hls4ml(fmt::format("rounding {} stands as {}, which hls4ml does not read", fixed::to_string(type.rounding), shared.rounding));
    std::string value = input.tensor;
    if (relu) {
      op("Relu", {value}, name("Relu"), from.size());
      value = name("Relu");
    }
    const Quant quant_type{.bits = type.width,
                           .fraction_bits = type.fraction_bits(),
                           .is_signed = type.is_signed,
                           .narrow = overflow && type.is_signed && type.overflow == Overflow::sat_sym,
                           .rounding = shared.rounding.empty() ? "ROUND" : shared.rounding};
    return {quant(value, name("Quant"), from.size(), quant_type), {0}};
  }

  Emitted emit(const fixed::CastOp&, const TensorType& from, const Emitted& input) { return cast_value(from, input, false); }
  Emitted emit(const fixed::ReluOp&, const TensorType& from, const Emitted& input) { return cast_value(from, input, true); }

  Emitted emit(const fixed::TableOp& table, const TensorType& from, const Emitted& input) {
    const FixedType& in = from.type(0);
    const FixedType& out = node_->output.type(0);
    const std::string value = plain(from, input, "_plain");
    const Quant type{.bits = out.width, .fraction_bits = out.fraction_bits(), .is_signed = out.is_signed};
    if (out.is_signed && out.width == 1) refuse("a signed type of one bit", "two bits: one signed bit means -1 and +1 in QONNX");
    if (const auto function = function_of(table, in, out)) {
      op(*function, {value}, name(*function), from.size());
      not_for_hls4ml("hls4ml computes " + table.function + " by a table of its own");
      return {quant(name(*function), name("Quant"), from.size(), type), {0}};
    }
    std::vector<float> thresholds;
    for (std::size_t k = 1; k < table.table.size(); ++k) {
      const std::int64_t rise = table.table[k] - table.table[k - 1];
      if (rise < 0) refuse("a table '" + table.function + "' that falls", "a table that rises");
      if (rise > static_cast<std::int64_t>(kMaxThresholds - thresholds.size()))
        refuse("a table '" + table.function + "' of many steps", fmt::format("at most {}", kMaxThresholds));
      thresholds.insert(thresholds.end(), static_cast<std::size_t>(rise),
                        static_cast<float>(fixed::to_real(in.min_raw() + static_cast<std::int64_t>(k), in)));
    }
    // A table that is the same everywhere: a threshold that nothing reaches.
    if (thresholds.empty()) thresholds.push_back(static_cast<float>(2 * fixed::to_real(in.max_raw(), in) + 1));
    not_for_hls4ml("table '" + table.function + "' stands as MultiThreshold, which hls4ml does not read");
    const std::string constant = graph_.constant(name("thresholds"), {1, static_cast<std::int64_t>(thresholds.size())}, thresholds);
    op("MultiThreshold", {value, constant}, name("MultiThreshold"), from.size(),
       {{"out_dtype", std::string("FLOAT32")},
        {"out_scale", static_cast<float>(scaled(1, -out.fraction_bits()))},
        {"out_bias", static_cast<float>(fixed::to_real(table.table.front(), out))},
        {"data_layout", std::string("NC")}},
       kQuantDomain);
    return {quant(name("MultiThreshold"), name("Quant"), from.size(), type), {0}};
  }

  /// Tanh or Sigmoid, if rounding its result to even in single precision gives every entry: no result may lie so close to the middle
  /// between two integers that an error of single precision matters.
  static std::optional<std::string> function_of(const fixed::TableOp& table, const FixedType& in, const FixedType& out) {
    const bool tanh = table.function == "tanh";
    if (!tanh && table.function != "sigmoid") return {};
    constexpr double kError = 1e-6;
    const double tolerance = scaled(kError, out.fraction_bits());
    for (std::size_t k = 0; k < table.table.size(); ++k) {
      const double x = fixed::to_real(in.min_raw() + static_cast<std::int64_t>(k), in);
      const double y = scaled(tanh ? std::tanh(x) : 1 / (1 + std::exp(-x)), out.fraction_bits());
      if (std::abs(y - std::floor(y) - 0.5) < tolerance) return {};
      const double nearest = std::clamp(std::nearbyint(y), static_cast<double>(out.min_raw()), static_cast<double>(out.max_raw()));
      if (nearest != static_cast<double>(table.table[k])) return {};
    }
    return tanh ? "Tanh" : "Sigmoid";
  }

  Emitted emit(const fixed::ArgmaxOp&, const TensorType& from, const Emitted& input) {
    if (index_ != net_.nodes.size()) refuse("argmax before the end", "it as the last node");
    const std::string value = plain(from, input, "_plain");
    graph_.node("ArgMax", {value}, "global_out",
                {{"axis", std::int64_t{1}}, {"keepdims", std::int64_t{1}}, {"select_last_index", std::int64_t{0}}});
    graph_.output("global_out", 1, 1, onnx::TensorProto::INT64);
    not_for_hls4ml("argmax, which hls4ml does not read (--output-stage logits)");
    return {"global_out", {0}};
  }

  Emitted emit(const fixed::SoftmaxOp&, const TensorType&, const Emitted&) {
    refuse("softmax by integer tables, which QONNX's real-valued Softmax is not", "logits or a class index",
           "export with --output-stage logits and take the softmax outside");
  }

  const fixed::FixedNet& net_;
  OnnxGraph graph_;
  QonnxFile file_;
  std::vector<Emitted> values_;
  const fixed::Node* node_ = nullptr;
  std::size_t index_ = 0;
};

}  // namespace

QonnxFile to_qonnx(const fixed::FixedNet& net) { return Exporter(net).run(); }

}  // namespace snac::exchange
