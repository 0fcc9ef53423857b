// FixedNet: a trained, quantised network as integers, node by node. The bridge between training and hardware:
// left of it the world is float, right of it nobody sees a float, a data set or training.
// A graph: value 0 is the input, value k+1 is the output of nodes[k]; nodes may read several values, types may differ
// per element, so that pooled, convolutional and residual networks are new node kinds.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "snac/core/json.hpp"
#include "snac/fixed/fixed_type.hpp"

namespace snac::fixed {

struct NamedAxis {
  std::string name;
  int size = 0;
  bool operator==(const NamedAxis&) const = default;
};

/// Types of a tensor's elements: one shared by all, or one per element in row-major order.
struct TensorType {
  std::vector<NamedAxis> shape;
  std::vector<FixedType> types;
  const FixedType& type(std::size_t element) const { return types.size() == 1 ? types.front() : types[element]; }
  std::size_t size() const;  ///< product of the axes; 0 if an axis is empty, the largest std::size_t if it does not fit
  bool operator==(const TensorType&) const = default;
};

/// acc_o = sum_i weight[o][i] * x_i + bias[o], exact; then one cast per output into the node's output type.
/// All weights share one grid: per-element precision is trailing zeros and zero is a pruned weight.
struct DenseOp {
  int inputs = 0, outputs = 0;
  std::vector<std::int32_t> weights;  ///< (outputs, inputs) row-major
  int weight_fraction_bits = 0;
  std::vector<std::int64_t> bias;  ///< (outputs), on the accumulator's grid
  int bias_fraction_bits = 0;      ///< accumulator's grid: >= every input fraction + weight fraction
  bool operator==(const DenseOp&) const = default;
};

/// y = cast(x) element by element. A ReLU with saturation is a cast to an unsigned SAT type.
struct CastOp {
  bool operator==(const CastOp&) const = default;
};

/// y = max(x, 0), then cast.
struct ReluOp {
  bool operator==(const ReluOp&) const = default;
};

/// y = table[x_raw - lowest raw of the input type] for each element: tanh, sigmoid or any other function of one value.
struct TableOp {
  std::string function;             ///< name for people: "tanh"
  std::vector<std::int64_t> table;  ///< 2^width entries, raw integers of the output type
  bool operator==(const TableOp&) const = default;
};

/// y = index of the first largest element of the value read, compared as numbers: elements may be on different grids.
/// One element of an integer type that holds every index.
struct ArgmaxOp {
  bool operator==(const ArgmaxOp&) const = default;
};

/// Probabilities over all elements of the value read, in the form that cannot overflow. Exact integers at every step:
///   m = max x_i,  d_i = cast(m - x_i, difference),  e_i = exponential[d_i],  s = cast(sum e_i, sum),  r = inverse[s],
///   y_i = cast(e_i * r, output type).
/// How the tables are chosen is in output_stage.hpp.
struct SoftmaxOp {
  FixedType difference;                   ///< unsigned, saturating
  int exponential_fraction_bits = 0;      ///< of e_i
  std::vector<std::int64_t> exponential;  ///< 2^difference.width entries, none negative
  FixedType sum;                          ///< unsigned, saturating
  int inverse_fraction_bits = 0;          ///< of r
  std::vector<std::int64_t> inverse;      ///< 2^sum.width entries, none negative
  bool operator==(const SoftmaxOp&) const = default;
};

using Op = std::variant<DenseOp, CastOp, ReluOp, TableOp, ArgmaxOp, SoftmaxOp>;

struct Node {
  std::string name;  ///< "dense_1"
  Op op;
  std::vector<int> inputs;  ///< values read
  TensorType output;
  bool operator==(const Node&) const = default;
};

struct FixedNet {
  TensorType input;
  std::vector<Node> nodes;  ///< the last node's output is the network's output: the logits, or what an output stage makes of them
  Json preprocessing;       ///< how features were made (data::Preprocessor); opaque here, null if unknown
  std::vector<std::string> class_names;
  bool operator==(const FixedNet&) const = default;

  const TensorType& value(int index) const { return index == 0 ? input : nodes[static_cast<std::size_t>(index) - 1].output; }
  const TensorType& output() const { return nodes.empty() ? input : nodes.back().output; }
  /// The output is an index (ArgmaxOp), not one score per class.
  bool gives_index() const { return !nodes.empty() && std::holds_alternative<ArgmaxOp>(nodes.back().op); }
  /// Classes that the output tells apart.
  std::size_t num_classes() const { return gives_index() ? value(nodes.back().inputs.front()).size() : output().size(); }
  /// @throws DataError if shapes, indices, table sizes or widths do not fit together, or an accumulator could leave 62 signed bits.
  void validate(const std::string& where = "network") const;
};

/// Elements of all values of a net together: bounds what a small file can ask for.
inline constexpr std::size_t kMaxElements = 1U << 20;
inline constexpr int kMaxTableWidth = 20;
inline constexpr int kMaxFractionBits = 2048;  ///< absolute value, of weights and accumulators

/// What an accumulator can hold at the end of the sum, given the actual weights, the bias and the input types; on the bias's grid.
/// Every partial sum that starts at the bias lies in the range as well, in any order, since every input can be zero.
struct AccumulatorRange {
  std::int64_t low = 0, high = 0;
  bool operator==(const AccumulatorRange&) const = default;
};
/// One range per output. @throws DataError if the op does not fit the input or a range leaves 62 signed bits.
std::vector<AccumulatorRange> accumulator_ranges(const DenseOp& op, const TensorType& input, const std::string& where = "dense");

/// Weights that are not zero, weights in all.
struct WeightCount {
  std::int64_t nonzero = 0, total = 0;
};
WeightCount count_weights(const FixedNet& net);

inline constexpr FileFormat kFixedNetFormat{"snac.fixed_net", 2, 1};  ///< 2: argmax, softmax
Json to_json(const FixedNet& net);
/// Validates; refuses members it does not know. @throws DataError.
FixedNet fixed_net_from_json(const Json& json, const std::string& where);
/// Validates, then writes atomically: one line per row of weights. @throws DataError, IoError.
void save(const FixedNet& net, const std::string& path);
/// @throws DataError, IoError.
FixedNet load_fixed_net(const std::string& path);

}  // namespace snac::fixed
