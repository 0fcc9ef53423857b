// The network as the kernels want it: weights transposed to (inputs, outputs) and every row padded to whole vectors,
// all in one flat buffer. Letters as in kernels.hpp: Ip and Op are padded widths.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "snac/data/dataset.hpp"
#include "snac/nn/aligned_buffer.hpp"
#include "snac/nn/kernels.hpp"
#include "snac/nn/mlp.hpp"
#include "snac/nn/quantizer.hpp"

namespace snac::nn {

/// Offsets into a packed parameter buffer; every tensor starts on a vector boundary.
struct PackedLayer {
  int inputs = 0, outputs = 0, padded_outputs = 0;
  std::size_t weight = 0;           ///< (I,Op)
  std::size_t weight_size = 0;      ///< I * Op
  std::size_t bias = 0;             ///< (Op)
  std::size_t gamma = 0, beta = 0;  ///< (Op) each, if batch norm
};

struct PackedLayout {
  std::vector<PackedLayer> layers;
  std::size_t size = 0;  ///< floats of the parameter buffer
  int widest = 0;        ///< largest padded width of any layer's input or output
};

PackedLayout packed_layout(const Mlp& mlp);
/// Copies one value per parameter (the weights, or a mask) between the flat and the packed order; padding is left alone.
void pack(const Mlp& mlp, const PackedLayout& layout, const float* flat, float* packed);
void unpack(const Mlp& mlp, const PackedLayout& layout, const float* packed, float* flat);

/// Copies rows of a data set into (rows.size(), padded features); padding is left alone.
void gather_rows(const data::Dataset& data, std::span<const std::uint32_t> rows, float* out);

FloatGrid float_grid(const Grid& grid);

/// The memory behind a ColumnGrids of a padded width.
class ColumnGridBuffer {
 public:
  explicit ColumnGridBuffer(int elements);
  void set(int element, const FloatGrid& grid);
  ColumnGrids grids() const;

 private:
  std::size_t width_;
  AlignedBuffer values_;  ///< five rows of width_
};

/// Rounding of (rows, padded elements) to shared or per-element grids.
class GridRounding {
 public:
  /// `relu`: negative values become 0 and pass no gradient.
  GridRounding(const Kernels& kernels, const Grids& grids, int elements, bool relu);
  /// slope (nullable): 1 where the straight-through gradient passes, else 0.
  void apply(int rows, const float* x, float* y, float* slope) const;

 private:
  const Kernels* kernels_;
  std::size_t width_;
  FloatGrid shared_;
  std::optional<ColumnGridBuffer> columns_;  ///< instead of shared_
};

/// The quantised activation of one layer: for ReLU and linear the output grid, for the others a table, or its computation
/// where that gives the same values on the whole pre-activation grid (gathering costs more than computing).
class QuantizedActivation {
 public:
  QuantizedActivation(const Kernels& kernels, const ActivationFunction& function, const LayerQuantizer& grids, int outputs);
  /// y = activation of z on its grid; slope (nullable): derivative of the straight-through surrogate. (rows, padded outputs).
  void apply(int rows, const float* z, float* y, float* slope) const;

 private:
  bool computed_equals_table(const Grid& pre) const;

  const Kernels* kernels_;
  std::size_t width_;
  std::optional<GridRounding> rounding_;  ///< ReLU and linear; the rest is for tables
  FloatGrid grid_;                        ///< the table's input grid
  FloatGrid output_;                      ///< output grid
  OnGrids computed_ = nullptr;            ///< used instead of the table if given
  std::vector<float> values_, slopes_;    ///< empty = no table
};

/// y = activation(y) in place on n values.
void apply_activation(const Kernels& kernels, const ActivationFunction& function, std::size_t n, float* y);

/// Rounds weights and biases of a packed buffer onto the grids of a quantizer (gamma and beta do not occur then).
void quantize_parameters(const Kernels& kernels, const PackedLayout& layout, const NetQuantizer& quantizer, const float* in, float* out);

}  // namespace snac::nn
