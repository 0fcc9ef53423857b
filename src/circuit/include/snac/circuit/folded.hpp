// FixedNet as a time-multiplexed design: for networks that do not fit unrolled. Every dense layer is an array of multiply-accumulate
// units that is used over several cycles; layers work at the same time, each on another sample. Same bits as the unrolled circuit.
// Casts, ReLUs and tables are ordinary pipelined circuits (lower.hpp). See docs/adr/0008.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "snac/circuit/circuit.hpp"
#include "snac/circuit/schedule.hpp"
#include "snac/fixed/fixed_net.hpp"

namespace snac::circuit {

enum class Multiplier : std::uint8_t { dsp, lut };

inline constexpr int kMaxReuseFactor = 65536;

struct FoldedParams {
  int reuse_factor = 2;      ///< multiplications per multiplier (hls4ml's word): at least cycles between samples; 1..kMaxReuseFactor
  int adders_per_stage = 2;  ///< adder levels between two registers, in the sums of products and behind the layers; >= 1
  Multiplier multiplier = Multiplier::dsp;
  int block_rom_depth = 256;  ///< a layer of at least so many cycles keeps its weights in block RAM, others in LUTs; >= 2
  /// @throws ConfigError naming field, value and range.
  void validate() const;
};

/// An element of a layer's input vector that takes part: not constant, and read by some weight that is not zero.
struct FoldedInput {
  int element = 0;
  Range range;   ///< raw values of the element's declared type
  int left = 0;  ///< raw << left stands on the layer's common input grid
};

/// One multiplier: in each cycle it takes the input of its slot and its own weight of that cycle.
struct FoldedMultiplier {
  int slot = 0;
  std::vector<std::int32_t> weights;  ///< (cycles), not all zero
  Range weight, product;              ///< over all cycles, 0 included
};

/// Sums the products of its multipliers and accumulates over `steps` cycles: one sum of the layer after the other.
struct FoldedUnit {
  std::vector<int> rows;           ///< (groups) index into FoldedLayer::rows, or -1: the last unit may have fewer
  std::vector<std::int64_t> bias;  ///< (groups) constant inputs included
  std::vector<FoldedMultiplier> multipliers;
  /// Balanced adder tree: sums[0] are the products, element j of sums[k + 1] adds elements 2j and 2j + 1 of sums[k] (or passes on 2j).
  /// All units have the same number of levels. No element: the unit has no multiplier.
  std::vector<std::vector<Range>> sums;
  Range accumulator;  ///< after each step, on the bias's grid
};

/// A dense layer. Cycle t multiplies in step t % steps of group t / steps; slot s reads inputs[s * steps + step].
struct FoldedLayer {
  std::string name;
  std::size_t node = 0;             ///< of the net
  int num_inputs = 0;               ///< elements of the input vector, those that do not take part included
  std::vector<int> input_widths;    ///< (num_inputs) bits on the input bus
  std::vector<FoldedInput> inputs;  ///< that take part
  int product_left = 0;             ///< sum of products << product_left stands on the bias's grid
  std::vector<int> rows;            ///< outputs of the dense layer with a weight that is not zero; the others are constants
  int slots = 1;                    ///< products per unit and cycle
  int steps = 1;                    ///< cycles per sum
  int groups = 1;                   ///< sums per unit
  int tree_levels = 0;              ///< adder levels over the slots
  int levels_per_register = 1;      ///< of the tree
  bool block_rom = false;           ///< weights in block RAM
  std::vector<FoldedUnit> units;
  Circuit after;  ///< the layer's cast and the element-wise nodes behind it; inputs: the rows' sums, in order
  Schedule after_schedule;

  int cycles() const noexcept { return steps * groups; }
  /// Multiplications per multiplier: what the reuse factor became for this layer.
  int reuse_factor() const noexcept { return cycles(); }
  std::int64_t num_multipliers() const noexcept;
  bool registered_after(int level) const noexcept { return level % levels_per_register == 0; }  ///< level 1 .. tree_levels
  int tree_registers() const noexcept { return tree_levels / levels_per_register; }
  /// From the cycle that offers the inputs to the one in which the sums stand at the circuit behind: one to take the inputs, the cycles
  /// of work, operand and product registers, the tree's registers, one more if sums wait for those of later groups.
  int sum_latency() const noexcept { return cycles() + 3 + tree_registers() + (groups > 1 ? 1 : 0); }
  int latency() const noexcept { return sum_latency() + after_schedule.latency; }
};

struct FoldedDesign {
  FoldedParams params;
  std::vector<fixed::FixedType> inputs, outputs;  ///< elements of the buses
  std::optional<Circuit> front;                   ///< element-wise nodes before the first dense layer
  Schedule front_schedule;
  std::vector<FoldedLayer> layers;
  int latency = 0;                   ///< cycles from the one that takes the inputs to out_valid; exact
  int initiation_interval = 1;       ///< cycles from one sample to the next: the largest of the layers' cycles; exact
  std::int64_t multiplications = 0;  ///< weights that are not zero
  std::int64_t multipliers = 0;
};

/// The reuse factor R asks for n * m / R multipliers of a layer with n inputs and m outputs that take part. For R <= n every output has a
/// unit of its own with ceil(n / R) multipliers; beyond, a unit has one multiplier and computes floor(R / n) outputs in turn. Then the
/// cycles shrink to what that many multipliers need: R = 10 for n = 16 is two multipliers and 8 cycles. A layer with fewer than R
/// weights takes them all in turn. Multipliers whose weights are all zero are left out.
/// @throws DataError as lower(); ConfigError for bad parameters.
FoldedDesign fold(const fixed::FixedNet& net, const FoldedParams& params);

/// Raw inputs (rows, inputs) -> raw outputs (rows, outputs), cycle by cycle as the hardware works.
/// @throws std::logic_error if a value leaves its range; std::invalid_argument for inputs that are not of their type.
std::vector<std::int64_t> simulate(const FoldedDesign& design, std::span<const std::int64_t> inputs, int threads = 1);

struct FoldedCost {
  double lut = 0, ff = 0, dsp = 0, bram18 = 0;  ///< estimates; formulas with their sources in folded_cost.cpp
};

/// The whole design, or one entry per layer in `per_layer` if given (its circuit included; front and handshake are in the total only).
FoldedCost folded_cost(const FoldedDesign& design, std::vector<FoldedCost>* per_layer = nullptr);

}  // namespace snac::circuit
