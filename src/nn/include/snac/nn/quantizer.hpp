// Fake quantisation: values rounded to a fixed-point grid, still stored as floating point.
// Semantics are those of ap_fixed with RND (half up: floor(x + 1/2)) and SAT; `compress` chooses the grids.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "snac/nn/mlp.hpp"
#include "snac/space/arch_spec.hpp"

namespace snac::nn {

/// Values k * 2^-fraction_bits for integers k in [min_raw, max_raw].
struct Grid {
  int fraction_bits = 0;  ///< may be negative or larger than the width
  std::int64_t min_raw = 0, max_raw = 0;
  bool operator==(const Grid&) const = default;

  double step() const { return std::ldexp(1.0, -fraction_bits); }
  double lowest() const { return static_cast<double>(min_raw) * step(); }
  double highest() const { return static_cast<double>(max_raw) * step(); }
};

/// The grids of a tensor's elements: one shared by all, or one per element (as fixed::TensorType has types).
class Grids {
 public:
  Grids() : grids_(1) {}
  Grids(const Grid& shared) : grids_{shared} {}  // NOLINT(google-explicit-constructor): one grid is the usual case
  /// @throws std::invalid_argument for none.
  explicit Grids(std::vector<Grid> each);
  bool shared() const noexcept { return grids_.size() == 1; }
  const Grid& operator[](std::size_t element) const { return shared() ? grids_.front() : grids_[element]; }
  const std::vector<Grid>& all() const noexcept { return grids_; }
  int finest_fraction_bits() const;
  bool operator==(const Grids&) const = default;

 private:
  std::vector<Grid> grids_;
};

/// The integer of the nearest grid point: floor(x/step + 1/2), saturated. NaN gives 0 (or the end nearest to 0).
std::int64_t quantize_raw(const Grid& grid, double value);
inline double quantize(const Grid& grid, double value) { return static_cast<double>(quantize_raw(grid, value)) * grid.step(); }

/// The integer of a bias on the accumulator's grid: floor(bias/step + 1/2), never saturated.
/// @throws std::invalid_argument if it does not fit 62 bits.
std::int64_t quantize_bias_raw(double bias, int fraction_bits);

/// Grids of one layer. Weights: round to nearest, ties away do not matter. Bias: on the accumulator's grid
/// (finest input step * weight step), never saturated.
struct LayerQuantizer {
  Grid weight;
  int bias_fraction_bits = 0;          ///< of the accumulator's grid
  std::optional<Grid> pre_activation;  ///< tanh, sigmoid, leaky_relu: the table's input grid
  Grids output;                        ///< after the activation; for the last layer the logits' grid. Shared where a table is used
};

/// Grids of a whole chain (no batch norm: fold it first).
struct NetQuantizer {
  Grids input;
  std::vector<LayerQuantizer> layers;
};

/// The activation and its derivative at x, in double precision.
double activation_value(const ActivationFunction& function, double x);
double activation_slope(const ActivationFunction& function, double x);

/// True for activations that are quantised by a table over a pre-activation grid: tanh, sigmoid and LeakyReLU. ReLU and
/// linear are nothing but the cast to the output grid.
bool uses_table(space::Activation activation);

/// The integers of activation(x) on `output` for every x of `pre`, from pre.min_raw to pre.max_raw. Training, exact
/// inference and lowering all use this one table. @throws std::invalid_argument for a grid that require_fits() refuses.
std::vector<std::int64_t> activation_table(const ActivationFunction& function, const Grid& pre, const Grid& output);

/// @throws std::invalid_argument saying which grid does not fit: wrong number of layers, batch norm not folded, a raw value
/// outside (-2^23, 2^23) (single precision would round it), a grid without 0, a bias grid coarser than the products',
/// a pre-activation grid that is missing where uses_table() or superfluous elsewhere, grids per element that are not one per
/// element or belong to a table.
void require_fits(const NetQuantizer& quantizer, const Mlp& mlp);

}  // namespace snac::nn
