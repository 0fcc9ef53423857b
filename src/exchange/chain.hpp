// What every reader makes of a foreign file: an MLP as a chain of steps on one vector of features, constants as doubles. A Mlp or a
// FixedNet is built from it (chain_mlp.cpp, chain_fixed.cpp).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "snac/core/error.hpp"
#include "snac/core/json.hpp"
#include "snac/fixed/fixed_type.hpp"
#include "snac/space/arch_spec.hpp"

namespace snac::exchange {

/// y = W x + b.
struct AffineStep {
  std::size_t inputs = 0, outputs = 0;
  std::vector<double> weights;  ///< (outputs, inputs) row-major
  std::vector<double> bias;     ///< (outputs)
};

/// y = scale * x + shift, element by element; one value for all elements or one per element.
struct ScaleStep {
  std::vector<double> scale, shift;
};

/// relu, tanh, sigmoid or leaky_relu (x, or slope * x below 0).
struct ActivationStep {
  space::Activation kind = space::Activation::relu;
  double slope = 0;
};

/// y = the value of the type nearest to x; one type for all elements or one per element.
struct QuantStep {
  std::vector<fixed::FixedType> types;
  std::string refusal;  ///< why no fixed-point type says the same; empty if one does
};

/// y = offset + step * (number of thresholds <= x); (rows, thresholds), one row for all elements or one per element.
struct ThresholdStep {
  std::size_t rows = 0;
  std::vector<double> thresholds;
  double step = 1, offset = 0;
};

struct SoftmaxStep {};
struct ArgmaxStep {};

struct Step {
  std::string node;  ///< "node 'MatMul_3' (MatMul)", for messages
  std::variant<AffineStep, ScaleStep, ActivationStep, QuantStep, ThresholdStep, SoftmaxStep, ArgmaxStep> op;
};

struct Chain {
  std::string file, producer;
  std::size_t inputs = 0;  ///< 0 = the file does not say
  std::vector<Step> steps;
  std::vector<std::string> class_names;
  Json preprocessing;
};

inline constexpr std::size_t kMaxChainValues = std::size_t{1} << 24;  ///< weights of a model, 128 MiB as doubles; folded constants too
inline constexpr std::size_t kMaxChainNodes = 4096;

/// @throws DataError at a node of a file.
[[noreturn]] void fail_at(const std::string& file, const std::string& node, const std::string& found, const std::string& expected,
                          const std::string& hint = {});

/// Appends, joining what is one operation: an addition behind a product, a normalisation behind a sum. @throws DataError if the sizes do
/// not fit together.
void append(Chain& chain, Step step);

/// Elements of the value at the chain's end; 0 if the file does not say.
std::size_t width(const Chain& chain);

/// Values of activations are quantised somewhere.
bool is_quantised(const Chain& chain);

}  // namespace snac::exchange
