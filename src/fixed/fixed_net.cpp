#include "snac/fixed/fixed_net.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <set>
#include <utility>

#include "snac/core/error.hpp"

namespace snac::fixed {
namespace {

__extension__ using Wide = __int128;

constexpr std::int64_t kAccumulatorMax = (std::int64_t{1} << 61) - 1, kAccumulatorMin = -kAccumulatorMax - 1;

/// Where a check stands; the text is only made when a check fails.
struct Place {
  const std::string& network;
  const Node* node = nullptr;
  std::size_t index = 0;
  std::string text(const char* part = nullptr) const {
    std::string place = network;
    if (node) place += fmt::format(": node {} '{}'", index, node->name.substr(0, 80));
    if (part) place += fmt::format(": {}", part);
    return place;
  }
};

[[noreturn]] void refuse(std::string where, std::string found, std::string expected, std::string hint = {}) {
  throw DataError("a fixed-point network does not fit together",
                  {.where = std::move(where), .found = std::move(found), .expected = std::move(expected), .hint = std::move(hint)});
}

void check_tensor(const TensorType& tensor, const Place& place, const char* part) {
  if (tensor.shape.empty()) refuse(place.text(part), "a shape without axes", "at least one axis");
  std::set<std::string> names;
  std::size_t size = 1;
  for (const NamedAxis& axis : tensor.shape) {
    if (axis.name.empty()) refuse(place.text(part), "an axis without a name", "a name for each axis, for instance 'features'");
    if (!names.insert(axis.name).second) refuse(place.text(part), fmt::format("two axes '{}'", axis.name), "each name once");
    if (axis.size < 1) refuse(place.text(part), fmt::format("axis '{}' of size {}", axis.name, axis.size), "a size >= 1");
    if (static_cast<std::size_t>(axis.size) > kMaxElements / size) {
      refuse(place.text(part), fmt::format("more than {} elements", kMaxElements), fmt::format("at most {} elements", kMaxElements));
    }
    size *= static_cast<std::size_t>(axis.size);
  }
  if (tensor.types.size() != 1 && tensor.types.size() != size) {
    refuse(place.text(part), fmt::format("{} types", tensor.types.size()), fmt::format("1 type, or {}: one per element", size));
  }
  for (const FixedType& type : tensor.types) {
    if (!type.valid()) {
      refuse(place.text(part), to_string(type),
             fmt::format("total bits from 1 to {}, integer bits from -{} to {}", kMaxWidth, kMaxIntegerBits, kMaxIntegerBits));
    }
    if (type.rounding < Rounding::trn || type.rounding > Rounding::rnd_conv || type.overflow < Overflow::wrap ||
        type.overflow > Overflow::sat_sym) {
      refuse(place.text(part), to_string(type), "a known rounding and overflow mode");
    }
  }
}

void check_element_wise(const TensorType& input, const Node& node, const Place& place) {
  const auto same_size = [](const NamedAxis& a, const NamedAxis& b) { return a.size == b.size; };
  if (!std::equal(input.shape.begin(), input.shape.end(), node.output.shape.begin(), node.output.shape.end(), same_size)) {
    refuse(place.text("output"), fmt::format("{} elements, or another shape", node.output.size()),
           fmt::format("the shape of the input, {} elements", input.size()));
  }
}

void check_table(const TableOp& op, const TensorType& input, const Node& node, const Place& place) {
  check_element_wise(input, node, place);
  const FixedType& from = input.type(0);
  for (const FixedType& type : input.types) {
    if (type.width != from.width || type.integer_bits != from.integer_bits || type.is_signed != from.is_signed) {
      refuse(place.text("inputs"), fmt::format("elements of types {} and {}", to_string(from), to_string(type)),
             "one type for all elements a table reads");
    }
  }
  const FixedType& to = node.output.type(0);
  for (const FixedType& type : node.output.types) {
    if (type != to)
      refuse(place.text("output"), fmt::format("elements of types {} and {}", to_string(to), to_string(type)),
             "one type for all elements a table gives");
  }
  if (from.width > kMaxTableWidth) {
    refuse(place.text("inputs"), fmt::format("type {}", to_string(from)), fmt::format("at most {} bits into a table", kMaxTableWidth),
           "cast to fewer bits first");
  }
  const std::size_t entries = std::size_t{1} << from.width;
  if (op.table.size() != entries)
    refuse(place.text("table"), fmt::format("{} entries", op.table.size()),
           fmt::format("{}: one per value of {}", entries, to_string(from)));
  for (std::size_t i = 0; i < entries; ++i) {
    if (op.table[i] < to.min_raw() || op.table[i] > to.max_raw()) {
      refuse(place.text("table"), fmt::format("entry {} is {}", i, op.table[i]),
             fmt::format("{} to {}, the integers of {}", to.min_raw(), to.max_raw(), to_string(to)));
    }
  }
}

int finest_fraction(const TensorType& tensor) {
  int finest = std::numeric_limits<int>::min();
  for (const FixedType& type : tensor.types) finest = std::max(finest, type.fraction_bits());
  return finest;
}

/// Elements are compared on the finest grid among them, in 64-bit integers with room for a difference.
void check_comparable(const TensorType& input, const Place& place) {
  constexpr int kMaxBits = 60;
  const int finest = finest_fraction(input);
  for (std::size_t i = 0; i < input.types.size(); ++i) {
    const int bits = input.types[i].width + finest - input.types[i].fraction_bits();
    if (bits > kMaxBits) {
      refuse(place.text("inputs"),
             fmt::format("element {} of type {} takes {} bits on the finest grid", i, to_string(input.types[i]), bits),
             fmt::format("at most {} bits", kMaxBits), "cast to narrower types, or types more alike, first");
    }
  }
}

void check_op(const ArgmaxOp&, const TensorType& input, const Node& node, const Place& place) {
  check_comparable(input, place);
  if (node.output.size() != 1) refuse(place.text("output"), fmt::format("{} elements", node.output.size()), "1: the index");
  const FixedType& type = node.output.type(0);
  if (type.fraction_bits() != 0 || std::cmp_less(type.max_raw(), input.size() - 1)) {
    refuse(place.text("output"), fmt::format("type {}", to_string(type)),
           fmt::format("an integer type, without fraction bits, that holds {}", input.size() - 1));
  }
}

/// @returns the largest entry.
std::int64_t check_softmax_table(const FixedType& type, int fraction_bits, const std::vector<std::int64_t>& table, const Place& place,
                                 const char* part) {
  if (!type.valid() || type.is_signed || type.overflow != Overflow::sat || type.width > kMaxTableWidth) {
    refuse(place.text(part), fmt::format("index of type {}", to_string(type)),
           fmt::format("an unsigned saturating type of at most {} bits, for instance ufixed<10,3,RND,SAT>", kMaxTableWidth));
  }
  if (type.rounding < Rounding::trn || type.rounding > Rounding::rnd_conv)
    refuse(place.text(part), to_string(type), "a known rounding mode");
  if (fraction_bits < -kMaxFractionBits || fraction_bits > kMaxFractionBits) {
    refuse(place.text(part), fmt::format("{} fraction bits", fraction_bits), fmt::format("-{} to {}", kMaxFractionBits, kMaxFractionBits));
  }
  const std::size_t entries = std::size_t{1} << type.width;
  if (table.size() != entries) {
    refuse(place.text(part), fmt::format("{} entries", table.size()), fmt::format("{}: one per value of {}", entries, to_string(type)));
  }
  const auto [low, high] = std::minmax_element(table.begin(), table.end());
  if (*low < 0) refuse(place.text(part), fmt::format("entry {} is {}", low - table.begin(), *low), "no negative entry");
  return *high;
}

void check_op(const SoftmaxOp& op, const TensorType& input, const Node& node, const Place& place) {
  check_comparable(input, place);
  check_element_wise(input, node, place);
  const Wide e = check_softmax_table(op.difference, op.exponential_fraction_bits, op.exponential, place, "exponential");
  const Wide r = check_softmax_table(op.sum, op.inverse_fraction_bits, op.inverse, place, "inverse");
  if (e * static_cast<Wide>(input.size()) > kAccumulatorMax || (e > 0 && r > kAccumulatorMax / e)) {
    refuse(place.text(), "a sum of exponentials, or a product with an inverse, that can leave 62 signed bits",
           "smaller entries in the tables");
  }
}

void check_op(const DenseOp& op, const TensorType& input, const Node& node, const Place& place) {
  if (op.outputs < 0 || static_cast<std::size_t>(op.outputs) != node.output.size()) {
    refuse(place.text("outputs"), fmt::format("{} outputs", op.outputs), fmt::format("{}, the elements of the output", node.output.size()));
  }
  accumulator_ranges(op, input, place.text());
}
void check_op(const CastOp&, const TensorType& input, const Node& node, const Place& place) { check_element_wise(input, node, place); }
void check_op(const ReluOp&, const TensorType& input, const Node& node, const Place& place) { check_element_wise(input, node, place); }
void check_op(const TableOp& op, const TensorType& input, const Node& node, const Place& place) { check_table(op, input, node, place); }

void check_dense_sizes(const DenseOp& op, const TensorType& input, const std::string& where) {
  if (op.inputs < 1 || static_cast<std::size_t>(op.inputs) != input.size()) {
    refuse(where + ": inputs", fmt::format("{} inputs", op.inputs), fmt::format("{}, the elements of the value read", input.size()));
  }
  if (op.outputs < 1) refuse(where + ": outputs", fmt::format("{} outputs", op.outputs), "at least 1");
  const std::size_t inputs = static_cast<std::size_t>(op.inputs), outputs = static_cast<std::size_t>(op.outputs);  // int * int fits
  if (op.weights.size() != inputs * outputs) {
    refuse(where + ": weights", fmt::format("{} weights", op.weights.size()),
           fmt::format("{} = {} outputs x {} inputs", inputs * outputs, outputs, inputs));
  }
  if (op.bias.size() != outputs)
    refuse(where + ": bias", fmt::format("{} values", op.bias.size()), fmt::format("{}: one per output", outputs));
  for (const auto& [name, bits] :
       {std::pair{"weight_fraction_bits", op.weight_fraction_bits}, std::pair{"bias_fraction_bits", op.bias_fraction_bits}}) {
    if (bits < -kMaxFractionBits || bits > kMaxFractionBits) {
      refuse(where + ": " + name, std::to_string(bits), fmt::format("-{} to {}", kMaxFractionBits, kMaxFractionBits));
    }
  }
  const int finest = finest_fraction(input);
  if (op.bias_fraction_bits < finest + op.weight_fraction_bits) {
    refuse(where + ": bias_fraction_bits", std::to_string(op.bias_fraction_bits),
           fmt::format("at least {} = {} of the inputs + {} of the weights", finest + op.weight_fraction_bits, finest,
                       op.weight_fraction_bits),
           "shift the bias to the finer grid");
  }
}

}  // namespace

std::size_t TensorType::size() const {
  std::size_t product = 1;
  for (const NamedAxis& axis : shape) {
    if (axis.size <= 0) return 0;
    const auto factor = static_cast<std::size_t>(axis.size);
    if (product > std::numeric_limits<std::size_t>::max() / factor) return std::numeric_limits<std::size_t>::max();
    product *= factor;
  }
  return product;
}

std::vector<AccumulatorRange> accumulator_ranges(const DenseOp& op, const TensorType& input, const std::string& where) {
  check_tensor(input, Place{where}, "input");
  check_dense_sizes(op, input, where);
  const std::size_t inputs = static_cast<std::size_t>(op.inputs), outputs = static_cast<std::size_t>(op.outputs);
  std::vector<AccumulatorRange> ranges(outputs);
  for (std::size_t o = 0; o < outputs; ++o) {
    Wide low = op.bias[o], high = op.bias[o];
    bool fits = true;
    for (std::size_t i = 0; i < inputs && fits; ++i) {
      const std::int64_t weight = op.weights[o * inputs + i];
      if (weight == 0) continue;
      const FixedType& type = input.type(i);
      const int shift = op.bias_fraction_bits - op.weight_fraction_bits - type.fraction_bits();
      fits = shift <= 62;
      if (!fits) break;
      const Wide a = Wide{weight} * type.min_raw(), b = Wide{weight} * type.max_raw();
      const Wide most = Wide{1} << (62 - shift);
      fits = std::max(a < 0 ? -a : a, b < 0 ? -b : b) <= most;
      if (!fits) break;
      low += std::min(a, b) << shift;
      high += std::max(a, b) << shift;
    }
    if (!fits || low < kAccumulatorMin || high > kAccumulatorMax) {
      refuse(where + fmt::format(": output {}", o), "an accumulator that can leave 62 signed bits",
             "fewer bits in weights, inputs or bias");
    }
    ranges[o] = {static_cast<std::int64_t>(low), static_cast<std::int64_t>(high)};
  }
  return ranges;
}

void FixedNet::validate(const std::string& where) const {
  check_tensor(input, Place{where}, "input");
  std::set<std::string> names;
  std::size_t elements = input.size();
  for (std::size_t k = 0; k < nodes.size(); ++k) {
    const Node& node = nodes[k];
    const Place place{where, &node, k};
    if (node.name.empty()) refuse(place.text("name"), "an empty name", "a name, for instance 'dense_1'");
    if (!names.insert(node.name).second) refuse(place.text("name"), "a second node of this name", "each name once");
    check_tensor(node.output, place, "output");
    elements += node.output.size();
    if (elements > kMaxElements) {
      refuse(place.text("output"), fmt::format("{} elements in the values up to here", elements),
             fmt::format("at most {} in all", kMaxElements));
    }
    if (node.inputs.size() != 1) refuse(place.text("inputs"), fmt::format("{} values read", node.inputs.size()), "1");
    const int source = node.inputs.front();
    if (source < 0 || static_cast<std::size_t>(source) > k) {
      refuse(place.text("inputs"), fmt::format("value {}", source), fmt::format("0 (the network's input) to {} (the node before)", k));
    }
    std::visit([&](const auto& op) { check_op(op, value(source), node, place); }, node.op);
  }
  if (!class_names.empty() && class_names.size() != num_classes()) {
    refuse(where + ": class_names", fmt::format("{} names", class_names.size()), fmt::format("{}: one per class, or none", num_classes()));
  }
}

WeightCount count_weights(const FixedNet& net) {
  WeightCount count;
  for (const Node& node : net.nodes) {
    const auto* dense = std::get_if<DenseOp>(&node.op);
    if (!dense) continue;
    count.total += static_cast<std::int64_t>(dense->weights.size());
    count.nonzero += std::count_if(dense->weights.begin(), dense->weights.end(), [](std::int32_t weight) { return weight != 0; });
  }
  return count;
}

}  // namespace snac::fixed
