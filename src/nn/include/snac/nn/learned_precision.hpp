// Training with learned precision: the fraction bits of every weight and the fraction and range bits of every activation are
// trained together with the weights, against a differentiable stand-in for the hardware's cost. A weight whose bits are gone is
// pruned; an activation without bits is a unit removed. After High Granularity Quantization (Sun et al., arXiv 2405.00645) and
// HGQ2, with a closer cost than effective bit operations (CostProxy::adder_bits). No batch norm (fold it first), no dropout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "snac/data/dataset.hpp"
#include "snac/nn/mlp.hpp"
#include "snac/nn/quantizer.hpp"

namespace snac::nn {

/// Real-valued bits; the nearest integers count. Values are k 2^-fraction, below 2^range and, where signed, from -2^range.
/// fraction + range <= 0: the element is always 0.
struct ElementBits {
  std::vector<float> fraction, range;  ///< one per element
  bool operator==(const ElementBits&) const = default;
};

/// What is trained. Weights are floor(w 2^f + 1/2) 2^-f with their own f, without saturation: constants have no overflow.
/// The bias of a unit lies on half steps of the unit's output: finer bits would only widen the adder that rounds.
struct PrecisionNet {
  Mlp mlp;
  NetQuantizer start;                  ///< table layers keep its grids; the input never gets finer or wider than its input
  std::vector<float> weight_fraction;  ///< one per parameter; those of biases do not count
  ElementBits input;
  std::vector<ElementBits> outputs;  ///< one per layer; empty for layers with a table
};

/// Starts from calibrated grids; an input element gets the range that its values on the rows need, as far as start.input allows.
/// @throws std::invalid_argument as require_fits(), DataError if the data set does not fit the network.
PrecisionNet make_precision_net(const Mlp& mlp, const NetQuantizer& start, const data::Dataset& data, std::span<const std::uint32_t> rows);

/// The network as it computes: weights and biases on their grids, bits as grids. What cannot matter is zero: weights that
/// read an element without bits, and all weights into one.
struct FrozenNet {
  Mlp mlp;
  NetQuantizer quantizer;
};
FrozenNet freeze(const PrecisionNet& net);
/// The same function with less: units without inputs become part of the next biases, units that nothing reads lose their weights,
/// grids of weights are as coarse as they can be. Weights and biases must lie on the grids. @throws std::invalid_argument as
/// require_fits().
FrozenNet simplify(const FrozenNet& net);

/// Hardware cost that the loss sees, per dense layer with input bits b_i (with sign) and weights of w_ij magnitude bits:
enum class CostProxy {
  bit_operations,  ///< sum b_i w_ij: effective bit operations as in HGQ
  adder_bits       ///< sum_j (sum_i b_i n_ij - max_i b_i), n_ij = 1 + (w_ij - 1)/3 signed digits: bits of the adders of output j
};
/// Both also count every activation bit once: rounding, ReLU and saturation take about a LUT each.
double proxy_cost(const PrecisionNet& net, CostProxy proxy);

/// Which weights, and which elements of an activation, have their bits in common. A channel is all weights of one output.
enum class WeightBits { each, channel, layer };
enum class ActivationBits { each, layer };
struct Granularity {
  WeightBits weights = WeightBits::each;
  ActivationBits activations = ActivationBits::each;
};

struct PrecisionParams {
  int epochs = 100;
  int batch = 1024;
  double learning_rate = 3e-3;                ///< of weights and biases, at the start of each cycle
  double bits_learning_rate = 3e-3;           ///< of all bits, constant
  int cycle_epochs = 20;                      ///< cosine restarts (Loshchilov and Hutter, arXiv 1608.03983), so that accuracy recovers
  double cost_start = 1e-7, cost_end = 1e-4;  ///< factor of the cost in the loss: grows geometrically over the epochs
  CostProxy proxy = CostProxy::adder_bits;
  Granularity granularity = {};
  std::uint64_t seed = 1;
};

/// After an epoch.
struct PrecisionEpoch {
  int epoch = 0;
  double cost_factor = 0;
  double train_loss = 0;  ///< mean cross-entropy of the batches as they were seen, without the cost
  double cost = 0;        ///< proxy_cost() at the end of the epoch
};

/// What a training needs, beside the net it started from, to go on to the same bits.
struct PrecisionCheckpoint {
  std::vector<float> values;  ///< everything that is trained, and the optimiser's memory
  std::int64_t steps = 0;
  int epochs = 0;  ///< done
};
/// Binary file: magic "SNACPRC\0", version, content, checksum; little-endian.
std::vector<std::byte> serialize(const PrecisionCheckpoint& checkpoint);
/// @throws DataError for a damaged or foreign buffer.
PrecisionCheckpoint deserialize_precision_checkpoint(std::span<const std::byte> bytes, const std::string& where);

class PrecisionTraining {
 public:
  /// @throws std::invalid_argument for parameters out of range, batch norm or dropout in the network, sizes that do not fit;
  /// DataError, ConfigError as train().
  PrecisionTraining(const PrecisionNet& net, const data::Dataset& data, std::span<const std::uint32_t> rows, const PrecisionParams& params);
  ~PrecisionTraining();
  PrecisionTraining(PrecisionTraining&&) noexcept;
  PrecisionTraining& operator=(PrecisionTraining&&) noexcept;

  /// Goes on from a checkpoint of a training of the same net with the same data and parameters.
  /// @throws std::invalid_argument if it is one of another size.
  void resume(const PrecisionCheckpoint& checkpoint);
  bool finished() const;
  /// @throws Interrupted between batches, DivergedError.
  PrecisionEpoch run_epoch();
  PrecisionNet net() const;
  PrecisionCheckpoint checkpoint() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace snac::nn
