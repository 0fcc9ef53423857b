#include "snac/compress/descent.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include "snac/compress/lower.hpp"
#include "snac/core/interrupt.hpp"
#include "snac/core/thread_pool.hpp"
#include "snac/nn/forward.hpp"

namespace snac::compress {
namespace {

/// Places and bits of one change. Tensor 0 is the input, tensor l + 1 the output of layer l.
struct Move {
  enum class Kind { weight, lowest_bit, highest_bit } kind = Kind::weight;
  std::size_t tensor = 0;   ///< weight: layer
  std::size_t element = 0;  ///< weight: its index
  std::int64_t raw = 0;     ///< weight: its new integer
  double saved = 0;         ///< adder bits, roughly
  double loss = 0;          ///< of the network with this move alone
};

/// An element with fewer bits keeps them: its last one goes with the weights that read it.
constexpr std::int64_t kLeastMax = 3;

nn::Grids& grids_of(nn::NetQuantizer& quantizer, std::size_t tensor) {
  return tensor == 0 ? quantizer.input : quantizer.layers[tensor - 1].output;
}

void apply(nn::FrozenNet& net, const Move& move) {
  if (move.kind == Move::Kind::weight) {
    const int fraction = net.quantizer.layers[move.tensor].weight.fraction_bits;
    net.mlp.weights(move.tensor)[move.element] = static_cast<float>(std::ldexp(static_cast<double>(move.raw), -fraction));
    return;
  }
  nn::Grids& grids = grids_of(net.quantizer, move.tensor);
  std::vector<nn::Grid> each = grids.all();
  nn::Grid& grid = each[grids.shared() ? 0 : move.element];
  if (grid.max_raw < kLeastMax) return;  // both its bits were to go
  grid.max_raw = (grid.max_raw + 1) / 2 - 1;
  grid.min_raw /= 2;
  if (move.kind == Move::Kind::lowest_bit) --grid.fraction_bits;
  grids = nn::Grids(std::move(each));
}

/// Signed digits of the canonical form.
int digits_of(std::int64_t raw) {
  const auto magnitude = static_cast<std::uint64_t>(std::abs(raw));
  return std::popcount(magnitude ^ (3 * magnitude));
}

/// The last digit a place further up or down, where that makes no more digits.
std::vector<std::int64_t> shifted(std::int64_t raw) {
  const std::int64_t rest = without_last_digit(raw), digit = raw - rest;
  std::vector<std::int64_t> results;
  for (const std::int64_t moved : {rest + 2 * digit, rest + digit / 2}) {
    if (moved != rest && digits_of(moved) <= digits_of(raw)) results.push_back(moved);
  }
  return results;
}

std::vector<Move> moves_of(const nn::FrozenNet& net, bool shift_digits) {
  std::vector<Move> moves;
  const auto& layers = net.mlp.layers;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const auto inputs = static_cast<std::size_t>(layers[l].inputs);
    const nn::Grids& read = l == 0 ? net.quantizer.input : net.quantizer.layers[l - 1].output;
    const nn::Grid& grid = net.quantizer.layers[l].weight;
    const auto weights = net.mlp.weights(l);
    std::vector<double> digits_reading(inputs);
    for (std::size_t k = 0; k < weights.size(); ++k) {
      const std::int64_t raw = nn::quantize_raw(grid, static_cast<double>(weights[k]));
      if (raw == 0) continue;
      const auto bits = static_cast<double>(type_of(read[k % inputs]).width);
      moves.push_back({.kind = Move::Kind::weight, .tensor = l, .element = k, .raw = without_last_digit(raw), .saved = bits});
      digits_reading[k % inputs] += digits_of(raw);
      if (!shift_digits) continue;
      for (const std::int64_t moved : shifted(raw)) {
        if (moved > grid.max_raw || moved < grid.min_raw) continue;
        moves.push_back(
            {.kind = Move::Kind::weight, .tensor = l, .element = k, .raw = moved, .saved = bits * (digits_of(raw) - digits_of(moved))});
      }
    }
    if (l > 0 && nn::uses_table(layers[l - 1].activation)) continue;  // its bits are those of the table
    for (std::size_t i = 0; i < (read.shared() ? 1 : inputs); ++i) {
      double digits = digits_reading[i];
      if (read.shared()) {
        digits = 0;
        for (const double each : digits_reading) digits += each;
      }
      if (digits == 0 || read[i].max_raw < kLeastMax) continue;
      moves.push_back({.kind = Move::Kind::lowest_bit, .tensor = l, .element = i, .saved = digits + 1});
      moves.push_back({.kind = Move::Kind::highest_bit, .tensor = l, .element = i, .saved = digits + 1});
    }
  }
  return moves;
}

}  // namespace

std::int64_t without_last_digit(std::int64_t raw) {
  if (raw == 0) return 0;
  const std::int64_t lowest = raw & -raw;
  // The lowest digit of the canonical form is -lowest where the bits above it go on with a one.
  return (raw & (2 * lowest)) != 0 ? raw + lowest : raw - lowest;
}

DescentResult descend(const nn::FrozenNet& net, const data::Dataset& data, std::span<const std::uint32_t> ranking,
                      std::span<const std::uint32_t> judging, const HardwareCost& cost, const DescentParams& params) {
  const auto loss_of = [&](const nn::FrozenNet& candidate, std::span<const std::uint32_t> rows) {
    return nn::evaluate(candidate.mlp, data, rows, &candidate.quantizer).loss;
  };
  DescentResult result{.net = net};
  result.loss_before = result.loss_after = loss_of(net, judging);
  result.cost_before = result.cost_after = cost(net);
  for (int round = 0; round < params.rounds; ++round) {
    const double now = loss_of(result.net, ranking);
    std::vector<Move> moves = moves_of(result.net, params.shift_digits);
    parallel_for(moves.size(), params.threads, [&](std::size_t i, int) {
      throw_if_interrupted();
      nn::FrozenNet candidate = result.net;
      apply(candidate, moves[i]);
      moves[i].loss = loss_of(candidate, ranking);
    });
    const auto gain = [&](const Move& move) { return move.saved * params.loss_per_cost - (move.loss - now); };
    std::erase_if(moves, [&](const Move& move) { return gain(move) <= 0; });
    std::stable_sort(moves.begin(), moves.end(),
                     [&](const Move& a, const Move& b) { return gain(a) / std::max(a.saved, 1.0) > gain(b) / std::max(b.saved, 1.0); });
    bool taken = false;
    for (std::size_t share = moves.size(); share > 0 && !taken; share /= 2) {
      nn::FrozenNet candidate = result.net;
      std::set<std::pair<std::size_t, std::size_t>> changed;  // a weight takes its best move only
      for (std::size_t i = 0; i < share; ++i) {
        if (moves[i].kind == Move::Kind::weight && !changed.emplace(moves[i].tensor, moves[i].element).second) continue;
        apply(candidate, moves[i]);
      }
      candidate = nn::simplify(candidate);
      const double loss = loss_of(candidate, judging), price = cost(candidate);
      if (loss + params.loss_per_cost * price >= result.loss_after + params.loss_per_cost * result.cost_after) continue;
      taken = true;
      result.net = std::move(candidate);
      result.loss_after = loss;
      result.cost_after = price;
      result.moves += static_cast<int>(share);
    }
    if (!taken) break;
  }
  return result;
}

}  // namespace snac::compress
