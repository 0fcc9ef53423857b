// From a chain of steps to a network of ours.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "chain.hpp"
#include "snac/fixed/fixed_net.hpp"
#include "snac/nn/mlp.hpp"

namespace snac::exchange {

/// @throws DataError naming the node that a float Mlp cannot say. What was folded or left out is added to `notes`.
nn::Mlp to_mlp(const Chain& chain, std::vector<std::string>& notes);

/// Exactly the values of the chain. @param input  type of the inputs if the chain does not begin with their quantiser
/// @throws DataError naming the node that integers cannot say.
fixed::FixedNet to_fixed_net(const Chain& chain, const std::optional<fixed::FixedType>& input, std::vector<std::string>& notes);

}  // namespace snac::exchange
