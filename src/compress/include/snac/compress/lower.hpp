// Lowering: trained, pruned Mlp + grids -> FixedNet. The float world ends here.
#pragma once

#include <string>
#include <vector>

#include "snac/fixed/fixed_net.hpp"
#include "snac/nn/mlp.hpp"
#include "snac/nn/quantizer.hpp"

namespace snac::compress {

/// The type whose values are exactly a grid's. @throws std::invalid_argument if the grid is not a full binary range
/// (symmetric signed grids are taken as the two's complement type that holds them).
fixed::FixedType type_of(const nn::Grid& grid);
nn::Grid grid_of(const fixed::FixedType& type);

/// One dense node per layer, with its cast to the output grid; tanh, sigmoid and LeakyReLU add a table node.
/// The result computes the same integers as nn::predict_exact.
/// @throws std::invalid_argument if batch normalisation is not folded.
fixed::FixedNet lower(const nn::Mlp& mlp, const nn::NetQuantizer& quantizer, const std::vector<std::string>& class_names = {},
                      const Json& preprocessing = nullptr);

}  // namespace snac::compress
