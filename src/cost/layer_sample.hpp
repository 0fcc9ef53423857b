// Look-alikes of trained, pruned and quantised layers, for estimates before any weight exists.
#pragma once

#include <cstdint>

#include "snac/cost/estimator.hpp"
#include "snac/fixed/fixed_net.hpp"

namespace snac::cost {

/// All that a layer's circuit depends on besides the target.
struct LayerShape {
  int inputs = 0, outputs = 0;
  space::Activation activation = space::Activation::linear;  ///< the layer's own
  bool first = false, last = false;                          ///< reads the network's input; gives the logits
  space::Activation before = space::Activation::linear;      ///< what made its inputs, unless first
  auto operator<=>(const LayerShape&) const = default;
};

/// Type of a layer's inputs.
fixed::FixedType input_type(const LayerShape& layer, const TargetPrecision& target);

/// Appends the layer (dense, and a table for tanh, sigmoid and LeakyReLU) to a network whose output is of the layer's input type.
/// Only the first `rows` of its outputs. The same shape and target always give the same weights.
void append_sampled_layer(fixed::FixedNet& net, const LayerShape& layer, const TargetPrecision& target, int rows);

}  // namespace snac::cost
