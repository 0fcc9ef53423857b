// Circuit in the loop: a trained candidate of the global search is shortly compressed, lowered to integers and counted as a circuit, so
// that the search sees accuracies of integers and figures of our RTL instead of predictions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "snac/compress/chain.hpp"
#include "snac/fixed/fixed_net.hpp"
#include "snac/flow/design.hpp"
#include "snac/flow/study.hpp"
#include "snac/nn/forward.hpp"
#include "snac/nn/mlp.hpp"

namespace snac::flow {

/// search.circuit as a chain of the local search: rounds that reach target.sparsity together, no rewinding.
compress::ChainParams short_chain(const SearchConfig& search, const TargetConfig& target);

struct ShortCompression {
  fixed::FixedNet net;
  nn::Score validation;  ///< of one fold's validation rows; accuracy: of the integers; loss: of the fake-quantised network
};
/// One fold of a trained candidate at the target's precision, through short_chain(). A pure function of weights, fold, seed and target.
/// @throws nn::DivergedError, Interrupted
ShortCompression compress_shortly(const nn::Mlp& trained, std::size_t fold, std::uint64_t seed, const Study& study,
                                  const TargetConfig& target);

/// As the target says, with the effort of search.circuit. Quick: registers as soon as possible; latency and interval are the target's,
/// LUTs within 1 %, FF up to 10 % more than with the fewest register bits.
Design design_of_trial(const fixed::FixedNet& net, const StudyConfig& config);

}  // namespace snac::flow
