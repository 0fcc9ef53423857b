// The training of a searched trial, done again from its record: its initial and its trained weights on any division of the
// data. Same record, same bits.
#pragma once

#include "snac/data/split.hpp"
#include "snac/flow/global_search.hpp"
#include "snac/nn/mlp.hpp"
#include "snac/nn/trainer.hpp"
#include "snac/space/search_space.hpp"

namespace snac::flow {

/// How a candidate is trained: as search says, with the values that the candidate's own axes choose. The seed is the caller's.
nn::TrainParams training_of(const StudyConfig& config, const space::Candidate& candidate);

/// The random weights that the training of a trial begins with on its fold `fold` (0 = the first split), as
/// global_search() draws them. @throws DataError if the trial's record is damaged or missing.
nn::Mlp initial_weights(const Study& study, const TrialResult& trial, std::size_t fold);

/// Trains the trial's network on a division of the data with the seeds of fold `fold`. On the study's own folds these are the weights that
/// global_search() found there. @throws nn::DivergedError.
nn::Mlp train_trial_again(const Study& study, const TrialResult& trial, const data::Split& split, std::size_t fold);

}  // namespace snac::flow
