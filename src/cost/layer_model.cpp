#include "layer_model.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "snac/circuit/logic_cost.hpp"
#include "snac/circuit/lower.hpp"
#include "snac/circuit/schedule.hpp"

namespace snac::cost {
namespace {

constexpr int kMaxSampledWeights = 20000;

void add_at(std::vector<double>& bits, int time, double value) {
  const auto t = static_cast<std::size_t>(time);
  if (bits.size() <= t) bits.resize(t + 1, 0);
  bits[t] += value;
}

/// Level at which each node's value is ready; a node of more levels than a stage takes one stage.
std::vector<int> node_levels(const circuit::Circuit& circuit, int per_stage) {
  std::vector<int> level(circuit.size(), 0);
  for (std::size_t i = 0; i < circuit.size(); ++i) {
    const circuit::Node& node = circuit.nodes()[i];
    for (std::size_t k = 0; k < static_cast<std::size_t>(node.num_args()); ++k) {
      level[i] = std::max(level[i], level[static_cast<std::size_t>(node.args[k])]);
    }
    level[i] += std::min(circuit::logic_levels(circuit, static_cast<circuit::Id>(i)), per_stage);
  }
  return level;
}

/// The node whose wire an output port reads.
circuit::Id wire_of(const circuit::Circuit& circuit, circuit::Id id) {
  return circuit.node(id).kind == circuit::Kind::shift ? circuit.node(id).args[0] : id;
}

/// Partial sums of `terms` terms after `level` levels of a balanced tree.
int partial_sums(int terms, int level) {
  const std::int64_t pair = std::int64_t{1} << std::min(level, 40);
  return static_cast<int>(std::max<std::int64_t>(1, (terms + pair - 1) / pair));
}

int tree_depth(int terms) { return static_cast<int>(std::bit_width(static_cast<unsigned>(std::max(terms, 1) - 1))); }

/// The values a row's tree has at one time, by how many adders deep they are.
class PartialSums {
 public:
  void add_terms(int count) {
    by_height_.resize(std::max<std::size_t>(by_height_.size(), 1));
    by_height_[0] += count;
    count_ += count;
  }
  int count() const { return count_; }
  /// One level of adders, flat values first; an odd one waits.
  void pair_up() {
    std::vector<int> next(by_height_.size() + 1, 0);
    int waiting = 0;  // 0 or 1, of a smaller height
    std::size_t waiting_height = 0;
    for (std::size_t h = 0; h < by_height_.size(); ++h) {
      const int values = by_height_[h] + waiting;
      if (values == 0) continue;
      next[h + 1] += values / 2;
      if (values % 2 != 0 && by_height_[h] > 0) waiting_height = h;
      waiting = values % 2;
    }
    next[waiting_height] += waiting;
    by_height_ = std::move(next);
    count_ = (count_ + 1) / 2;
  }
  template <class Width>
  double total(Width&& width) const {
    double sum = 0;
    for (std::size_t h = 1; h < by_height_.size(); ++h) sum += by_height_[h] * width(h);
    return sum;
  }

 private:
  std::vector<int> by_height_;
  int count_ = 0;
};

/// What a row waits for: how many terms come at each time.
struct Arrivals {
  std::vector<int> count;
  int first = 0, last = kNever;  ///< last = kNever: nothing comes

  int count_at(int time) const { return static_cast<std::size_t>(time) < count.size() ? count[static_cast<std::size_t>(time)] : 0; }
  /// When a balanced tree has the sum.
  int balanced_time() const {
    int time = first;
    for (int values = count_at(first); values > 1 || time < last;) values = (values + 1) / 2 + count_at(++time);
    return time;
  }
};

Arrivals arrivals_of(const LayerModel& model, std::size_t r, const std::vector<int>& input_times, int latest) {
  Arrivals arrivals{std::vector<int>(static_cast<std::size_t>(latest) + 1, 0), latest, kNever};
  if (model.row[r].constant) return arrivals;
  for (std::size_t i = 0; i < input_times.size(); ++i) {
    const int n = model.digits[r * input_times.size() + i], t = input_times[i];
    if (n == 0 || t == kNever) continue;
    arrivals.count[static_cast<std::size_t>(t)] += n;
    arrivals.first = std::min(arrivals.first, t);
    arrivals.last = std::max(arrivals.last, t);
  }
  if (arrivals.last != kNever && model.row[r].has_bias) ++arrivals.count[static_cast<std::size_t>(arrivals.first)];
  return arrivals;
}

/// When a lookup can begin: in the next stage if it does not fit into this one.
int after_clip(int time, int lookup_levels, int per_stage) {
  const int used = time % per_stage;
  return used > 0 && used + lookup_levels > per_stage ? time + per_stage - used : time;
}

/// Fills depth, waiting_input_bits and sum_bits: the widths of the values that a register after each level would hold.
void measure_widths(const circuit::Circuit& circuit, int per_stage, LayerModel& model) {
  const std::vector<int> level = node_levels(circuit, per_stage);
  for (const circuit::Port& port : circuit.outputs()) model.depth = std::max(model.depth, level[static_cast<std::size_t>(port.node)]);
  std::vector<int> last(circuit.size(), 0);  // level of the last reader
  for (std::size_t i = 0; i < circuit.size(); ++i) {
    const circuit::Node& node = circuit.nodes()[i];
    for (std::size_t k = 0; k < static_cast<std::size_t>(node.num_args()); ++k) {
      int& reader = last[static_cast<std::size_t>(node.args[k])];
      reader = std::max(reader, level[i]);
    }
  }
  for (const circuit::Port& port : circuit.outputs()) last[static_cast<std::size_t>(wire_of(circuit, port.node))] = model.depth + 1;
  model.waiting_input_bits.assign(static_cast<std::size_t>(model.depth) + 1, 0);
  model.sum_bits = model.waiting_input_bits;
  const std::vector<circuit::LiveWire> live = circuit::live_wires(circuit);
  for (std::size_t i = 0; i < circuit.size(); ++i) {
    const circuit::Node& node = circuit.nodes()[i];
    if (node.kind == circuit::Kind::constant || node.kind == circuit::Kind::shift) continue;
    std::vector<double>& bits = node.kind == circuit::Kind::input ? model.waiting_input_bits : model.sum_bits;
    for (int l = level[i]; l < last[i]; ++l) bits[static_cast<std::size_t>(l)] += live[i].count;
  }
  for (int l = 0; l <= model.depth; ++l) {
    double sums = 0;
    for (const LayerModel::Row& row : model.row) sums += row.constant ? 0 : partial_sums(row.terms, l);
    if (sums > 0) model.sum_bits[static_cast<std::size_t>(l)] /= sums;
  }
}

double lut_of(const circuit::Circuit& circuit) {
  return circuit::logic_cost(circuit, circuit::schedule(circuit, {.move_later = false})).lut;
}

circuit::Circuit lower_rows(const LayerShape& shape, const TargetPrecision& target, int rows, fixed::FixedNet& net) {
  net.input = {{{"feature", shape.inputs}}, {input_type(shape, target)}};
  append_sampled_layer(net, shape, target, rows);
  return circuit::lower(net);
}

}  // namespace

// A row's tree pairs up what is there, level by level, and what arrives joins them: the least depth possible. Shared adders make
// rows deeper, but never deeper than the deepest balanced tree of the layer, so that the layer's time is kept. The bias, a
// constant, joins the first terms.
std::vector<int> LayerModel::run(const std::vector<int>& input_times, const std::vector<char>& built, int per_stage,
                                 std::vector<double>& bits) const {
  const int latest = std::max(0, *std::max_element(input_times.begin(), input_times.end()));
  for (int l = 1; l <= depth; ++l) add_at(bits, latest + l, waiting_input_bits[static_cast<std::size_t>(l)]);
  const auto width_at = [&](std::size_t level) { return sum_bits[std::min(level, sum_bits.size() - 1)]; };

  std::vector<int> times(built.size(), kNever);
  std::vector<Arrivals> arrivals;
  int deepest = 0;
  for (std::size_t r = 0; r < row.size(); ++r) {
    arrivals.push_back(arrivals_of(*this, r, input_times, latest));
    if (arrivals[r].last != kNever) deepest = std::max(deepest, arrivals[r].balanced_time());
  }
  for (std::size_t r = 0; r < row.size(); ++r) {
    const Arrivals& arriving = arrivals[r];
    if (arriving.last == kNever) continue;
    double copies = 0;
    for (std::size_t o = r; o < built.size(); o += row.size()) copies += built[o] ? 1 : 0;

    PartialSums sums;
    int time = arriving.first;
    sums.add_terms(arriving.count_at(time));
    while (sums.count() > 1 || time < arriving.last) {
      ++time;
      sums.pair_up();
      const double width = sums.total(width_at);
      if (time <= arriving.last) sums.add_terms(arriving.count_at(time));
      if (sums.count() > 1 || time < arriving.last) add_at(bits, time, copies * sharing * width);
    }
    for (const int deeper = std::min(time + row[r].extra_levels, std::max(time, deepest)); time < deeper; ++time) {
      add_at(bits, time, copies * sharing * width_at(static_cast<std::size_t>(tree_depth(row[r].terms))));
    }
    std::size_t level = static_cast<std::size_t>(tree_depth(row[r].terms));  // of the sum, then of the clip, in the layer alone
    const int lookup_start = after_clip(time + row[r].clip_levels, row[r].lookup_levels, per_stage);
    for (const int out = lookup_start + row[r].lookup_levels; time < out; ++time, ++level)
      add_at(bits, time, copies * sharing * width_at(level));
    add_at(bits, time, copies * row[r].width);
    for (std::size_t o = r; o < times.size(); o += row.size()) times[o] = time;
  }
  return times;
}

LayerModel make_layer_model(const LayerShape& shape, const TargetPrecision& target) {
  LayerModel model;
  const int rows = std::clamp(kMaxSampledWeights / shape.inputs, 1, shape.outputs);
  fixed::FixedNet net;
  const circuit::Circuit circuit = lower_rows(shape, target, rows, net);
  const double sampled_lut = lut_of(circuit);
  if (rows < shape.outputs && rows > 1 && sampled_lut > 0) {
    // More rows share more adders: the cost grows as a power of the rows, below 1. Its exponent comes from half the sample.
    fixed::FixedNet half_net;
    const double half_lut = lut_of(lower_rows(shape, target, rows / 2, half_net));
    const double exponent = half_lut > 0 ? std::log(sampled_lut / half_lut) / std::log(static_cast<double>(rows) / (rows / 2)) : 1;
    model.sharing = std::pow(static_cast<double>(shape.outputs) / rows, std::clamp(exponent, 0.5, 1.0) - 1);
  }
  model.lut = sampled_lut * shape.outputs / rows * model.sharing;

  const auto& dense = std::get<fixed::DenseOp>(net.nodes.front().op);
  model.used.assign(static_cast<std::size_t>(shape.inputs), 0);
  for (std::size_t k = 0; k < dense.weights.size(); ++k) {
    model.digits.push_back(static_cast<std::uint8_t>(circuit::canonical_signed_digits(dense.weights[k]).size()));
    if (dense.weights[k] != 0) model.used[k % model.used.size()] = 1;
  }
  const std::vector<int> level = node_levels(circuit, target.adders_per_stage);
  for (std::size_t r = 0; r < static_cast<std::size_t>(rows); ++r) {
    circuit::Id id = wire_of(circuit, circuit.outputs()[r].node);
    LayerModel::Row row{.constant = circuit.node(id).kind == circuit::Kind::constant, .has_bias = dense.bias[r] != 0};
    row.width = circuit.node(id).range.width();
    row.terms = row.has_bias ? 1 : 0;
    for (std::size_t i = 0; i < model.used.size(); ++i) row.terms += model.digits[r * model.used.size() + i];
    if (circuit.node(id).kind == circuit::Kind::lookup) {
      row.lookup_levels = std::min(circuit::logic_levels(circuit, id), target.adders_per_stage);
      id = circuit.node(id).args[0];
    }
    for (; circuit.node(id).num_args() == 1; id = circuit.node(id).args[0]) row.clip_levels += circuit::logic_levels(circuit, id);
    row.extra_levels = std::max(0, level[static_cast<std::size_t>(id)] - tree_depth(row.terms));
    model.row.push_back(row);
  }
  measure_widths(circuit, target.adders_per_stage, model);
  return model;
}

}  // namespace snac::cost
