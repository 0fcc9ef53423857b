// Bit-exact execution of a FixedNet: the judge of all emitters.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "snac/fixed/fixed_net.hpp"

namespace snac::fixed {

/// A validated net in the form that runs fast: pruned weights gone, the others shifted onto their accumulator's grid.
/// Holds copies of what it needs; may be used from several threads at once.
class Interpreter {
 public:
  /// @throws DataError if the net does not validate.
  explicit Interpreter(const FixedNet& net);

  std::size_t num_inputs() const noexcept;
  std::size_t num_outputs() const noexcept;

  /// Raw inputs (rows, inputs) -> raw outputs (rows, outputs); the same at any thread count.
  /// @throws std::invalid_argument if the size is not a multiple of the input width or a value is outside its type.
  std::vector<std::int64_t> run(std::span<const std::int64_t> inputs, int threads = 1) const;

  /// All values of one row: [0] the input, [k + 1] the output of node k. Shows where two engines part.
  std::vector<std::vector<std::int64_t>> trace(std::span<const std::int64_t> input) const;

 private:
  struct Program;
  std::shared_ptr<const Program> program_;
};

/// Raw integers of the inputs for real features, (rows, n) -> (rows, n): cast_real into the declared input types.
/// @throws std::invalid_argument if the size is not a multiple of the input width.
std::vector<std::int64_t> quantize_inputs(const FixedNet& net, std::span<const float> features);

/// Interpreter(net).run(inputs, threads).
std::vector<std::int64_t> run(const FixedNet& net, std::span<const std::int64_t> inputs, int threads = 1);

/// Index of the first largest logit of each row. Compares integers: all logits must be on one grid, else use classify.
std::vector<int> argmax(std::span<const std::int64_t> logits, std::size_t num_outputs);

/// The class of each row of the net's outputs: the index itself if that is what the net gives (ArgmaxOp), else the position of the
/// first largest value, exact also if outputs have different fraction bits.
std::vector<int> classify(const FixedNet& net, std::span<const std::int64_t> logits);

}  // namespace snac::fixed
