// Calibration: which power-of-two grid each tensor of a trained network gets.
#pragma once

#include <cstdint>
#include <span>

#include "snac/compress/precision.hpp"
#include "snac/core/json.hpp"
#include "snac/data/dataset.hpp"
#include "snac/fixed/fixed_type.hpp"
#include "snac/nn/mlp.hpp"
#include "snac/nn/quantizer.hpp"

namespace snac::compress {

struct CalibrationParams {
  Precision precision;
  fixed::FixedType input{12, 4, true, fixed::Rounding::rnd, fixed::Overflow::sat};  ///< declared by the user
  int logits_bits = 16;                                                             ///< width of the output's type, sign included
  int table_index_bits = 10;  ///< tanh, sigmoid, leaky_relu: width of the table's input
};

/// Grids for a network without batch normalisation, from its weights and the ranges seen on the given rows.
/// Weights: symmetric, signed; the fraction that gives the smallest squared error (clipping outliers may pay).
/// ReLU outputs: unsigned, range at the 99.9 % quantile. Tanh: [-1, 1); sigmoid: [0, 1). Logits: twice the largest seen.
/// A layer whose pre-activations are all zero on the rows gets the range 1; no grid is finer than 2^-24.
/// @throws nn::DivergedError if a weight, a bias or a range is not finite or above 2^31.
nn::NetQuantizer calibrate(const nn::Mlp& mlp, const data::Dataset& data, std::span<const std::uint32_t> rows,
                           const CalibrationParams& params);

Json to_json(const nn::NetQuantizer& quantizer);
/// @throws DataError naming `where`.
nn::NetQuantizer quantizer_from_json(const Json& json, const std::string& where);

}  // namespace snac::compress
