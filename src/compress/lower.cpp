#include "snac/compress/lower.hpp"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <stdexcept>

#include "snac/nn/forward.hpp"

namespace snac::compress {

fixed::FixedType type_of(const nn::Grid& grid) {
  const bool is_signed = grid.min_raw < 0;
  const int width = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(grid.max_raw))) + (is_signed ? 1 : 0);
  const fixed::FixedType type{width, width - grid.fraction_bits, is_signed, fixed::Rounding::rnd, fixed::Overflow::sat};
  const bool symmetric = is_signed && grid.min_raw == -grid.max_raw;
  if (grid.max_raw <= 0 || type.max_raw() != grid.max_raw || (!symmetric && type.min_raw() != grid.min_raw)) {
    throw std::invalid_argument(fmt::format("type_of: {} to {} with {} fraction bits is not the range of a fixed-point type", grid.min_raw,
                                            grid.max_raw, grid.fraction_bits));
  }
  return type;
}

nn::Grid grid_of(const fixed::FixedType& type) {
  return {.fraction_bits = type.fraction_bits(), .min_raw = type.min_raw(), .max_raw = type.max_raw()};
}

fixed::FixedNet lower(const nn::Mlp& mlp, const nn::NetQuantizer& quantizer, const std::vector<std::string>& class_names,
                      const Json& preprocessing) {
  if (quantizer.layers.size() != mlp.layers.size())
    throw std::invalid_argument("lower: the quantiser has another number of layers than the network");
  const auto tensor = [](int size, const nn::Grids& grids) {
    fixed::TensorType type{{{"feature", size}}, {}};
    for (const nn::Grid& grid : grids.all()) type.types.push_back(type_of(grid));
    return type;
  };
  fixed::FixedNet net;
  net.class_names = class_names;
  net.preprocessing = preprocessing;
  net.input = tensor(mlp.layers.front().inputs, quantizer.input);
  for (std::size_t i = 0; i < mlp.layers.size(); ++i) {
    const auto& layer = mlp.layers[i];
    const auto& grids = quantizer.layers[i];
    if (layer.batch_norm) throw std::invalid_argument("lower: batch normalisation must be folded first");
    fixed::DenseOp dense;
    dense.inputs = layer.inputs;
    dense.outputs = layer.outputs;
    dense.weight_fraction_bits = grids.weight.fraction_bits;
    for (const float w : mlp.weights(i)) dense.weights.push_back(static_cast<std::int32_t>(nn::quantize_raw(grids.weight, w)));
    dense.bias_fraction_bits = grids.bias_fraction_bits;
    for (const float b : mlp.biases(i)) dense.bias.push_back(nn::quantize_bias_raw(b, grids.bias_fraction_bits));
    const std::string number = std::to_string(i + 1);
    const int source = static_cast<int>(net.nodes.size());
    if (!grids.pre_activation) {
      // A ReLU needs no node of its own: the cast to an unsigned saturating type turns negative sums into zero.
      net.nodes.push_back({"dense_" + number, std::move(dense), {source}, tensor(layer.outputs, grids.output)});
      continue;
    }
    net.nodes.push_back({"dense_" + number, std::move(dense), {source}, tensor(layer.outputs, *grids.pre_activation)});
    fixed::TableOp table{space::to_string(layer.activation),
                         nn::activation_table(layer.function(), *grids.pre_activation, grids.output[0])};
    net.nodes.push_back({table.function + "_" + number, std::move(table), {source + 1}, tensor(layer.outputs, grids.output)});
  }
  net.validate();
  return net;
}

}  // namespace snac::compress
