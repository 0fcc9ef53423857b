// ArchSpec: the network a genome stands for, as a plain value. A graph of layers over named axes; MLPs are
// chains. Other families (per-particle dense with pooling, convolution, residual adds) are new LayerSpec
// alternatives and nodes with several inputs, not a new class.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "snac/core/json.hpp"

namespace snac::space {

enum class Activation { linear, relu, tanh, sigmoid, leaky_relu };

std::string to_string(Activation activation);
/// @throws ConfigError listing the known names.
Activation activation_from_string(const std::string& name);

/// A named axis of a tensor, for instance {"feature", 24}.
struct Axis {
  std::string name;
  int size = 0;
  bool operator==(const Axis&) const = default;
};
using Shape = std::vector<Axis>;

inline constexpr double kLeakySlope = 0.125;  ///< of leaky_relu below 0 unless a layer says otherwise

/// y = activation(batch_norm(W x + b)) along the last axis, then dropout while training.
struct DenseLayer {
  int units = 0;
  Activation activation = Activation::linear;
  bool batch_norm = false;
  double dropout = 0;                   ///< probability in [0, 1) of zeroing an output while training
  double negative_slope = kLeakySlope;  ///< of leaky_relu below 0, in (0, 1); without meaning elsewhere
  bool operator==(const DenseLayer&) const = default;
};
using LayerSpec = std::variant<DenseLayer>;

/// One node; value 0 is the network's input, value k+1 is the output of nodes[k].
struct ArchNode {
  LayerSpec layer;
  std::vector<int> inputs;  ///< values that this node reads, all produced earlier
  bool operator==(const ArchNode&) const = default;
};

/// Bounds that keep every count within 64 bits; far above what any FPGA holds.
inline constexpr std::int64_t kMaxElements = std::int64_t{1} << 24;
inline constexpr std::size_t kMaxNodes = 1024;

struct ArchSpec {
  Shape input;                  ///< MLP: {{"feature", n}}
  std::vector<ArchNode> nodes;  ///< the last node gives the logits
  bool operator==(const ArchSpec&) const = default;

  /// @throws ConfigError if a size is < 1 or a value is larger than kMaxElements, an input refers forward, a dense layer
  ///         has not exactly one input, a dropout lies outside [0, 1) or a slope outside (0, 1), or there is no node or more than
  ///         kMaxNodes.
  void validate() const;
};

/// An MLP: hidden layers of the given widths, then a linear layer with `outputs` logits. Valid, or ConfigError.
ArchSpec mlp(int inputs, const std::vector<int>& hidden, int outputs, Activation activation = Activation::relu, bool batch_norm = false,
             double dropout = 0);

/// The dense layers of a chain over one input axis, in order. @throws ConfigError if the graph is anything else.
std::vector<DenseLayer> dense_chain(const ArchSpec& spec);
/// Elements of the input and of the logits: the product over all axes.
int num_inputs(const ArchSpec& spec);
int num_outputs(const ArchSpec& spec);
/// The shape of every value: [0] is the input, [k+1] the output of nodes[k]. @throws as validate().
std::vector<Shape> value_shapes(const ArchSpec& spec);

/// Multiply-accumulates of one inference: the sum of in * out (the papers' jet tables call it "BOPs").
std::int64_t macs(const ArchSpec& spec);

/// "24-64-32-16-5 relu bn": widths from input to logits, activation(s) of the hidden layers ("relu,tanh,relu" where they
/// differ; "leaky_relu(0.01)" with another slope than 1/8), batch normalisation ("bn" on all hidden layers, "bn:1,3" on some), a last
/// activation other than linear ("out:tanh").
std::string summary(const ArchSpec& spec);

Json to_json(const ArchSpec& spec);
/// The inverse of to_json; strict: unknown members are refused. @throws DataError naming `where` and the member.
ArchSpec arch_from_json(const Json& json, const std::string& where);

}  // namespace snac::space
