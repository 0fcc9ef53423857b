#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <variant>

#include "exact.hpp"
#include "snac/circuit/folded.hpp"
#include "snac/circuit/lower.hpp"
#include "snac/core/error.hpp"

namespace snac::circuit {
namespace {

using fixed::DenseOp;
using fixed::FixedType;

/// An element of a bus and the raw values it takes.
struct Element {
  FixedType type;
  Range range;
  bool is_constant() const noexcept { return range.low == range.high; }
};

struct WideRange {
  Wide low = 0, high = 0;
  void add(Wide a, Wide b) {
    low += std::min(a, b);
    high += std::max(a, b);
  }
  /// From the lowest to the highest value of both.
  void join(const WideRange& other) {
    low = std::min(low, other.low);
    high = std::max(high, other.high);
  }
};

/// Indices of the nodes between the network's input and its output: every node reads one value, so there is one way.
std::vector<std::size_t> path_of(const fixed::FixedNet& net) {
  std::vector<std::size_t> path;
  for (std::size_t value = net.nodes.size(); value > 0;) {
    const fixed::Node& node = net.nodes[value - 1];
    if (node.inputs.size() != 1) {
      throw DataError("a node cannot be folded", {.where = node.name,
                                                  .found = fmt::format("{} inputs", node.inputs.size()),
                                                  .expected = "nodes with one input",
                                                  .hint = "reuse factor 1 unrolls the network"});
    }
    path.push_back(value - 1);
    value = static_cast<std::size_t>(node.inputs.front());
  }
  std::reverse(path.begin(), path.end());
  return path;
}

bool is_dense(const fixed::FixedNet& net, std::size_t k) { return std::holds_alternative<DenseOp>(net.nodes[k].op); }

std::vector<Element> elements_of(const Circuit& circuit) {
  std::vector<Element> elements;
  for (const Port& port : circuit.outputs()) {
    const Node& node = circuit.node(port.node);
    const std::int64_t left = std::int64_t{port.type.fraction_bits()} - node.fraction_bits;
    const auto low = static_cast<std::int64_t>(shifted_left(node.range.low, left));
    elements.push_back({port.type, {low, static_cast<std::int64_t>(shifted_left(node.range.high, left))}});
  }
  return elements;
}

/// One dense layer: its schedule, then its units.
class LayerFolding {
 public:
  LayerFolding(const fixed::FixedNet& net, std::size_t k, const std::vector<Element>& elements, const FoldedParams& params)
      : net_(net), op_(std::get<DenseOp>(net.nodes[k].op)), elements_(elements), params_(params) {
    layer_.name = net.nodes[k].name;
    layer_.node = k;
    layer_.num_inputs = op_.inputs;
    for (const Element& element : elements) layer_.input_widths.push_back(element.type.width);
  }

  FoldedLayer run(std::span<const std::size_t> after) {
    choose_inputs_and_rows();
    choose_schedule();
    for (int u = 0; u < (static_cast<int>(layer_.rows.size()) + layer_.groups - 1) / layer_.groups; ++u) layer_.units.push_back(unit(u));
    add_trees();
    layer_.block_rom = layer_.cycles() >= params_.block_rom_depth;
    add_circuit(after);
    layer_.after_schedule = schedule(layer_.after, {.adders_per_stage = params_.adders_per_stage});
    return std::move(layer_);
  }

 private:
  std::int32_t weight(int row, int input) const {
    return op_.weights[static_cast<std::size_t>(row) * static_cast<std::size_t>(op_.inputs) + static_cast<std::size_t>(input)];
  }
  const Element& element(int i) const { return elements_[static_cast<std::size_t>(i)]; }

  void choose_inputs_and_rows() {
    std::vector<char> read(static_cast<std::size_t>(op_.inputs), 0);
    for (int o = 0; o < op_.outputs; ++o) {
      bool live = false;
      for (int i = 0; i < op_.inputs; ++i) {
        if (weight(o, i) == 0 || element(i).is_constant()) continue;
        read[static_cast<std::size_t>(i)] = 1;
        live = true;
      }
      if (live) layer_.rows.push_back(o);
    }
    int finest = 0;
    for (int i = 0; i < op_.inputs; ++i) {
      if (read[static_cast<std::size_t>(i)] == 0) continue;
      const int fraction_bits = element(i).type.fraction_bits();
      finest = layer_.inputs.empty() ? fraction_bits : std::max(finest, fraction_bits);
      layer_.inputs.push_back({i, element(i).range, 0});
    }
    if (layer_.rows.empty()) {  // every output is a constant: the first one's sum keeps the layer's form
      layer_.rows.push_back(0);
      finest = element(0).type.fraction_bits();
      layer_.inputs.push_back({0, element(0).range, 0});
    }
    for (FoldedInput& input : layer_.inputs) input.left = finest - element(input.element).type.fraction_bits();
    layer_.product_left = op_.bias_fraction_bits - op_.weight_fraction_bits - finest;
  }

  void choose_schedule() {
    const std::int64_t n = std::ssize(layer_.inputs), m = std::ssize(layer_.rows);
    const std::int64_t reuse = std::min<std::int64_t>(params_.reuse_factor, n * m);
    const auto divided = [](std::int64_t a, std::int64_t b) { return (a + b - 1) / b; };
    if (reuse <= n) {
      layer_.slots = static_cast<int>(divided(n, reuse));
      layer_.steps = static_cast<int>(divided(n, layer_.slots));
      layer_.slots = static_cast<int>(divided(n, layer_.steps));
    } else {
      const std::int64_t units = divided(m, reuse / n);
      layer_.steps = static_cast<int>(n);
      layer_.groups = static_cast<int>(divided(m, units));
    }
  }

  /// Weight of a slot in a cycle of a unit; 0 beyond the last input or row.
  std::int32_t weight_at(const FoldedUnit& unit, int slot, int cycle) const {
    const int row = unit.rows[static_cast<std::size_t>(cycle / layer_.steps)];
    const auto input = static_cast<std::size_t>(slot * layer_.steps + cycle % layer_.steps);
    if (row < 0 || input >= layer_.inputs.size()) return 0;
    const int i = layer_.inputs[input].element;
    return element(i).is_constant() ? 0 : weight(layer_.rows[static_cast<std::size_t>(row)], i);
  }

  /// What weight * input takes, on the layer's input grid times the weight's.
  WideRange product(std::int32_t weight, int slot, int cycle) const {
    WideRange range;
    if (weight == 0) return range;
    const FoldedInput& input = layer_.inputs[static_cast<std::size_t>(slot * layer_.steps + cycle % layer_.steps)];
    range.add(shifted_left(Wide{weight} * input.range.low, input.left), shifted_left(Wide{weight} * input.range.high, input.left));
    return range;
  }

  Range checked(const WideRange& range) const { return checked_range(range.low, range.high, layer_.name); }

  FoldedUnit unit(int u) {
    FoldedUnit unit;
    for (int g = 0; g < layer_.groups; ++g) {
      const int row = u * layer_.groups + g;
      unit.rows.push_back(row < std::ssize(layer_.rows) ? row : -1);
      unit.bias.push_back(unit.rows.back() < 0 ? 0 : bias(layer_.rows[static_cast<std::size_t>(row)]));
    }
    for (int slot = 0; slot < layer_.slots; ++slot) {
      FoldedMultiplier multiplier{.slot = slot, .weights = {}, .weight = {}, .product = {}};
      WideRange products;
      for (int cycle = 0; cycle < layer_.cycles(); ++cycle) {
        const std::int32_t w = weight_at(unit, slot, cycle);
        multiplier.weights.push_back(w);
        multiplier.weight.low = std::min<std::int64_t>(multiplier.weight.low, w);
        multiplier.weight.high = std::max<std::int64_t>(multiplier.weight.high, w);
        products.join(product(w, slot, cycle));
      }
      if (multiplier.weight.low == 0 && multiplier.weight.high == 0) continue;
      multiplier.product = checked(products);
      unit.multipliers.push_back(std::move(multiplier));
    }
    return unit;
  }

  /// The bias plus what constant inputs contribute.
  std::int64_t bias(int row) const {
    Wide total = op_.bias[static_cast<std::size_t>(row)];
    for (int i = 0; i < op_.inputs; ++i) {
      if (!element(i).is_constant()) continue;
      const int left = op_.bias_fraction_bits - op_.weight_fraction_bits - element(i).type.fraction_bits();
      total += shifted_left(Wide{weight(row, i)} * element(i).range.low, left);
    }
    return checked_range(total, total, layer_.name).low;
  }

  /// The circuit behind the sums; what it wants added to them goes into the biases.
  void add_circuit(std::span<const std::size_t> after) {
    for (FoldedUnit& unit : layer_.units) accumulate(unit);
    SumsCircuit behind = lower_behind(net_, layer_.node, after, row_sums());
    layer_.after = std::move(behind.circuit);
    finished_.clear();
    for (FoldedUnit& unit : layer_.units) {
      for (std::size_t g = 0; g < unit.rows.size(); ++g) {
        if (unit.rows[g] < 0) continue;
        const int output = layer_.rows[static_cast<std::size_t>(unit.rows[g])];
        unit.bias[g] += behind.offsets[static_cast<std::size_t>(output)];
      }
      accumulate(unit);
    }
  }

  /// The accumulator's range after each step, and the exact range of each finished sum.
  void accumulate(FoldedUnit& unit) {
    WideRange held;
    bool first = true;
    for (int group = 0; group < layer_.groups; ++group) {
      WideRange sum{unit.bias[static_cast<std::size_t>(group)], unit.bias[static_cast<std::size_t>(group)]};
      for (int step = 0; step < layer_.steps; ++step) {
        for (const FoldedMultiplier& multiplier : unit.multipliers) {
          const int cycle = group * layer_.steps + step;
          const WideRange added = product(multiplier.weights[static_cast<std::size_t>(cycle)], multiplier.slot, cycle);
          sum.add(shifted_left(added.low, layer_.product_left), shifted_left(added.high, layer_.product_left));
        }
        if (first) held = sum;
        first = false;
        held.join(sum);
      }
      const int row = unit.rows[static_cast<std::size_t>(group)];
      if (row >= 0) finished_.push_back(checked(sum));
    }
    unit.accumulator = checked(held);
    // A sum of one value (a layer of constants) still needs a wire.
    if (unit.accumulator.width() == 0) unit.accumulator.high = 1;
  }

  void add_trees() {
    std::size_t most = 1;
    for (const FoldedUnit& unit : layer_.units) most = std::max(most, unit.multipliers.size());
    while ((std::size_t{1} << layer_.tree_levels) < most) ++layer_.tree_levels;
    layer_.levels_per_register = params_.adders_per_stage;  // the accumulator behind the tree is one more level
    for (FoldedUnit& unit : layer_.units) {
      std::vector<std::vector<WideRange>> parts;  // of one level: range in each cycle
      unit.sums.emplace_back();
      for (const FoldedMultiplier& multiplier : unit.multipliers) {
        parts.emplace_back();
        for (int cycle = 0; cycle < layer_.cycles(); ++cycle)
          parts.back().push_back(product(multiplier.weights[static_cast<std::size_t>(cycle)], multiplier.slot, cycle));
        unit.sums.back().push_back(multiplier.product);
      }
      for (int level = 0; level < layer_.tree_levels; ++level) {
        std::vector<std::vector<WideRange>> next;
        unit.sums.emplace_back();
        for (std::size_t j = 0; j < parts.size(); j += 2) {
          next.push_back(parts[j]);
          WideRange all;
          for (std::size_t cycle = 0; cycle < next.back().size(); ++cycle) {
            if (j + 1 < parts.size()) next.back()[cycle].add(parts[j + 1][cycle].low, parts[j + 1][cycle].high);
            all.join(next.back()[cycle]);
          }
          unit.sums.back().push_back(checked(all));
        }
        parts = std::move(next);
      }
    }
  }

  /// Sums of all outputs of the dense layer, constants included.
  std::vector<Range> row_sums() const {
    std::vector<Range> sums;
    for (int o = 0; o < op_.outputs; ++o) sums.push_back({bias(o), bias(o)});
    for (std::size_t r = 0; r < layer_.rows.size(); ++r) {
      Range sum = finished_[r];
      if (sum.low == sum.high) sum = {sum.low > 0 ? 0 : sum.low, sum.low > 0 ? sum.low : sum.low + 1};
      sums[static_cast<std::size_t>(layer_.rows[r])] = sum;
    }
    return sums;
  }

  const fixed::FixedNet& net_;
  const DenseOp& op_;
  const std::vector<Element>& elements_;
  const FoldedParams& params_;
  FoldedLayer layer_;
  std::vector<Range> finished_;  ///< (rows)
};

fixed::FixedNet front_net(const fixed::FixedNet& net, std::span<const std::size_t> nodes) {
  fixed::FixedNet front;
  front.input = net.input;
  for (const std::size_t k : nodes) {
    front.nodes.push_back(net.nodes[k]);
    front.nodes.back().inputs = {static_cast<int>(front.nodes.size()) - 1};
  }
  return front;
}

void check_field(const char* key, std::int64_t value, std::int64_t min, std::int64_t max) {
  if (value >= min && value <= max) return;
  throw ConfigError("a parameter of the folded design is out of range",
                    {.where = key, .found = fmt::format("{}", value), .expected = fmt::format("{} to {}", min, max), .hint = {}});
}

}  // namespace

void FoldedParams::validate() const {
  check_field("reuse_factor", reuse_factor, 1, kMaxReuseFactor);
  check_field("adders_per_stage", adders_per_stage, 1, 1000);
  check_field("block_rom_depth", block_rom_depth, 2, std::int64_t{1} << 30);
}

std::int64_t FoldedLayer::num_multipliers() const noexcept {
  std::int64_t count = 0;
  for (const FoldedUnit& unit : units) count += std::ssize(unit.multipliers);
  return count;
}

FoldedDesign fold(const fixed::FixedNet& net, const FoldedParams& params) {
  params.validate();
  net.validate();
  FoldedDesign design;
  design.params = params;
  for (std::size_t i = 0; i < net.input.size(); ++i) design.inputs.push_back(net.input.type(i));
  for (std::size_t i = 0; i < net.output().size(); ++i) design.outputs.push_back(net.output().type(i));
  const std::vector<std::size_t> path = path_of(net);
  const auto next_dense = [&](std::size_t from) {
    while (from < path.size() && !is_dense(net, path[from])) ++from;
    return from;
  };
  std::vector<Element> elements;
  for (const FixedType& type : design.inputs) elements.push_back({type, {type.min_raw(), type.max_raw()}});
  std::size_t at = next_dense(0);
  if (at > 0 || path.empty()) {
    design.front = lower(front_net(net, std::span(path).first(at)));
    design.front_schedule = schedule(*design.front, {.adders_per_stage = params.adders_per_stage});
    design.latency = design.front_schedule.latency;
    elements = elements_of(*design.front);
  }
  while (at < path.size()) {
    const std::size_t end = next_dense(at + 1);
    const int fraction_bits = std::get<DenseOp>(net.nodes[path[at]].op).bias_fraction_bits;
    if (std::abs(fraction_bits) > fixed::kMaxIntegerBits - kMaxWireWidth) {
      throw DataError("a layer cannot be folded", {.where = net.nodes[path[at]].name,
                                                   .found = fmt::format("sums with {} fraction bits", fraction_bits),
                                                   .expected = fmt::format("at most {}", fixed::kMaxIntegerBits - kMaxWireWidth),
                                                   .hint = "reuse factor 1 unrolls the network"});
    }
    FoldedLayer layer = LayerFolding(net, path[at], elements, params).run(std::span(path).subspan(at + 1, end - at - 1));
    design.latency += layer.latency();
    design.initiation_interval = std::max(design.initiation_interval, layer.cycles());
    design.multipliers += layer.num_multipliers();
    elements = elements_of(layer.after);
    design.layers.push_back(std::move(layer));
    at = end;
  }
  design.multiplications = fixed::count_weights(net).nonzero;
  return design;
}

}  // namespace snac::circuit
