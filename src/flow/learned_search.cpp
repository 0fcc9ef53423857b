#include "snac/flow/learned_search.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "snac/compress/descent.hpp"
#include "snac/core/interrupt.hpp"
#include "snac/core/log.hpp"
#include "snac/core/progress.hpp"
#include "snac/core/rng.hpp"
#include "snac/core/thread_pool.hpp"
#include "snac/flow/design.hpp"
#include "snac/nn/forward.hpp"
#include "snac/nn/trainer.hpp"

namespace snac::flow {
namespace {

Json point_json(store::Store& store, const compress::LearnedPoint& point) {
  return {{"epoch", point.epoch},
          {"cost_factor", point.cost_factor},
          {"accuracy", point.accuracy},
          {"cost", point.cost},
          {"mlp", store.put_artefact(weight_bytes(point.net.mlp))},
          {"quantizer", store.put_artefact(compress::to_json(point.net.quantizer).dump())}};
}

/// The training of one trial. Its state is stored at the end of every cycle, with the front so far.
class LearnedRun {
 public:
  LearnedRun(Study& study, const TrialResult& trial)
      : study_(study),
        trial_(trial),
        params_(study.config().compress.learned),
        name_(fmt::format("m{}-{}", trial.order, kLearned)),
        stage_(stage_key(study.config(), "learned_search", {"compress"})) {
    params_.training.seed = derive_seed(study.config().seed, name_);
    if (const auto record = study_.store().find_record(study_.name(), stage_, name_)) load(*record);
  }

  const std::string& name() const noexcept { return name_; }
  int epochs_done() const noexcept { return checkpoint_ ? checkpoint_->epochs : 0; }
  std::string model_name(const compress::LearnedPoint& point) const { return fmt::format("{}-e{}", name_, point.epoch); }
  std::vector<compress::LearnedPoint> kept() const { return front_.thinned(params_.points); }

  void train(Progress& progress) {
    const int epochs = params_.training.epochs;
    if (epochs_done() >= epochs) return;
    const data::Split& split = study_.splits().front();
    compress::CalibrationParams calibration;
    calibration.input = study_.config().target.input;
    calibration.table_index_bits = study_.config().compress.chain.table_index_bits;
    nn::PrecisionTraining training(
        compress::begin_learned(load_weights(study_, trial_.weights), study_.train(), split.train, calibration, params_), study_.train(),
        split.train, params_.training);
    if (checkpoint_) training.resume(*checkpoint_);
    while (!training.finished()) {
      const nn::PrecisionEpoch log = training.run_epoch();
      compress::LearnedPoint point{
          .epoch = log.epoch + 1, .cost_factor = log.cost_factor, .cost = log.cost, .net = nn::freeze(training.net())};
      point.accuracy = nn::evaluate(point.net.mlp, study_.train(), split.validation, &point.net.quantizer).accuracy;
      progress.advance(1, fmt::format("{}: epoch {}, accuracy {:.4f}, cost {:.0f}", name_, point.epoch, point.accuracy, point.cost));
      front_.add(std::move(point));
      if ((log.epoch + 1) % params_.training.cycle_epochs == 0 || training.finished()) save(training.checkpoint());
    }
  }

  /// Finishes, lowers, scores and costs one point; stores it as a model.
  std::string finish(const compress::LearnedPoint& point, const std::string& models_stage) {
    const StudyConfig& config = study_.config();
    const data::Split& split = study_.splits().front();
    const auto lowered = [&](const nn::FrozenNet& net) { return integer_network(net.mlp, net.quantizer, study_); };
    nn::FrozenNet net = point.net;
    Json descent;
    if (params_.descent_rounds > 0) {
      const std::span<const std::uint32_t> rows(split.train);
      const auto ranking = rows.first(std::min(rows.size(), static_cast<std::size_t>(params_.descent_rows)));
      const auto result =
          compress::descend(net, study_.train(), ranking, split.validation,
                            [&](const nn::FrozenNet& n) { return design(lowered(n), config).resources().lut; },
                            {.loss_per_cost = point.cost_factor, .rounds = params_.descent_rounds, .shift_digits = params_.descent_shifts});
      descent = {{"moves", result.moves},
                 {"loss_before", result.loss_before},
                 {"loss_after", result.loss_after},
                 {"lut_before", result.cost_before},
                 {"lut_after", result.cost_after}};
      net = result.net;
    }
    const fixed::FixedNet fixed_net = lowered(net);
    const Design hardware = design(fixed_net, target_of(config.target, trial_.values), calibration_of(config));
    const std::string key = model_name(point);
    const Values values = compressed_figures(study_, trial_.arch, fixed_net, hardware, split.validation);
    require_finite(values, key);
    Json record{{"trial", trial_.order},
                {"precision", kLearned},
                {"iteration", point.epoch},
                {"arch", space::to_json(trial_.arch)},
                {"values", values},
                {"resource_source", hardware.resources().source},
                {"quantizer", compress::to_json(net.quantizer)},
                {"cost_factor", point.cost_factor},
                {"proxy_cost", point.cost},
                {"descent", descent}};
    study_.store().transaction([&] {
      record["mlp"] = study_.store().put_artefact(weight_bytes(net.mlp));
      record["fixed_net"] = study_.store().put_artefact(fixed::to_json(fixed_net).dump());
      study_.store().put_record(study_.name(), models_stage, key, record);
    });
    return fmt::format("{}: accuracy {:.4f}, {:.0f} LUT", key, values.at("accuracy"), values.at("lut"));
  }

 private:
  void load(const Json& record) {
    const auto& store = study_.store();
    const std::string bytes = store.artefact(json_get<std::string>(record, "checkpoint", name_));
    checkpoint_ = nn::deserialize_precision_checkpoint(std::as_bytes(std::span(bytes)), name_);
    for (const Json& point : json_get<Json>(record, "front", name_)) {
      front_.add({.epoch = json_get<int>(point, "epoch", name_),
                  .cost_factor = json_get<double>(point, "cost_factor", name_),
                  .accuracy = json_get<double>(point, "accuracy", name_),
                  .cost = json_get<double>(point, "cost", name_),
                  .net = {.mlp = load_weights(study_, json_get<std::string>(point, "mlp", name_)),
                          .quantizer = compress::quantizer_from_json(
                              parse_json(store.artefact(json_get<std::string>(point, "quantizer", name_)), name_), name_)}});
    }
  }

  void save(nn::PrecisionCheckpoint checkpoint) {
    study_.store().transaction([&] {
      const std::vector<std::byte> bytes = nn::serialize(checkpoint);
      Json front = Json::array();
      for (const auto& point : front_.points()) front.push_back(point_json(study_.store(), point));
      study_.store().put_record(
          study_.name(), stage_, name_,
          {{"checkpoint", study_.store().put_artefact(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()))},
           {"epochs", checkpoint.epochs},
           {"front", front}});
    });
    checkpoint_ = std::move(checkpoint);
  }

  Study& study_;
  const TrialResult& trial_;
  compress::LearnedParams params_;
  std::string name_, stage_;
  std::optional<nn::PrecisionCheckpoint> checkpoint_;
  compress::LearnedFront front_;
};

}  // namespace

std::vector<CompressedModel> learned_search(Study& study, const std::vector<TrialResult>& selected) {
  const std::string models_stage = local_search_stage(study.config());
  const auto epochs = static_cast<std::size_t>(study.config().compress.learned.training.epochs);
  std::vector<std::unique_ptr<LearnedRun>> runs;
  std::size_t done = 0;
  for (const auto& trial : selected) {
    runs.push_back(std::make_unique<LearnedRun>(study, trial));
    done += std::min(epochs, static_cast<std::size_t>(runs.back()->epochs_done()));
  }
  {
    Progress progress("learned precision", runs.size() * epochs, "epochs", done);
    parallel_for(runs.size(), study.threads(), [&](std::size_t i, int) {
      try {
        runs[i]->train(progress);
      } catch (const nn::DivergedError& error) {
        spdlog::warn("{}: {}; the networks before that are kept", runs[i]->name(), error.summary());
      }
    });
  }

  struct Task {
    LearnedRun* run;
    compress::LearnedPoint point;
  };
  std::vector<Task> tasks;
  std::vector<std::string> names;
  for (const auto& run : runs) {
    for (auto& point : run->kept()) {
      names.push_back(run->model_name(point));
      if (!study.store().find_record(study.name(), models_stage, names.back())) tasks.push_back({run.get(), std::move(point)});
    }
  }
  if (names.empty()) {
    throw Error(ExitCode::no_result, "learned precision came to no network",
                {.where = "compress.learned",
                 .found = "trainings that diverged",
                 .expected = "at least one network",
                 .hint = "lower compress.learned.learning_rate"});
  }
  {
    Progress progress("finishing", names.size(), "models", names.size() - tasks.size());
    parallel_for(tasks.size(), study.threads(), [&](std::size_t i, int) {
      throw_if_interrupted();
      progress.advance(1, tasks[i].run->finish(tasks[i].point, models_stage));
    });
  }
  std::vector<CompressedModel> models;
  for (const auto& name : names)
    models.push_back(compressed_model(name, study.store().find_record(study.name(), models_stage, name).value()));
  return models;
}

}  // namespace snac::flow
