#include "snac/flow/trial_training.hpp"

#include "snac/core/rng.hpp"

namespace snac::flow {
namespace {

store::Trial record_of(const Study& study, const TrialResult& trial) {
  auto record = study.store().find_trial(study.name(), trial.identity);
  if (!record) {
    throw DataError("a trial is missing from the study",
                    {.where = study.folder(), .found = "no trial '" + trial.identity + "'", .expected = "its record", .hint = {}});
  }
  return std::move(*record);
}

std::uint64_t seed_of(const store::Trial& record) {
  return json_get<std::uint64_t>(record.attributes, "seed", "trial " + std::to_string(record.number));
}

nn::Mlp initial_weights(const TrialResult& trial, std::uint64_t seed, std::size_t fold) {
  Rng rng = Rng::stream(seed, "init", fold);
  return nn::make_mlp(trial.arch, rng);
}

}  // namespace

nn::TrainParams training_of(const StudyConfig& config, const space::Candidate& candidate) {
  nn::TrainParams params = config.search.training;
  if (candidate.training.learning_rate) params.learning_rate = *candidate.training.learning_rate;
  if (candidate.training.l1) params.l1 = *candidate.training.l1;
  if (candidate.training.batch) params.batch = static_cast<int>(*candidate.training.batch);
  return params;
}

nn::Mlp initial_weights(const Study& study, const TrialResult& trial, std::size_t fold) {
  return initial_weights(trial, seed_of(record_of(study, trial)), fold);
}

nn::Mlp train_trial_again(const Study& study, const TrialResult& trial, const data::Split& split, std::size_t fold) {
  const store::Trial record = record_of(study, trial);
  const space::Candidate candidate = study.space().candidate(record.genome);
  nn::TrainParams params = training_of(study.config(), candidate);
  params.seed = derive_seed(seed_of(record), "train", fold);
  nn::Mlp mlp = initial_weights(trial, seed_of(record), fold);
  nn::train(mlp, study.train(), split.train, split.validation, params);
  return mlp;
}

}  // namespace snac::flow
