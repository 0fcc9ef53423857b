#include "job.hpp"

#include "networks.hpp"
#include "snac/compress/calibrate.hpp"
#include "snac/core/error.hpp"
#include "snac/core/rng.hpp"

namespace snac::bench {
namespace {

template <class T>
void read(const Json& json, const char* key, T& value) {
  if (json.contains(key)) value = json_get<T>(json, key, "job");
}

}  // namespace

Json to_json(const Job& job) {
  return Json{{"hidden", job.hidden},
              {"activation", space::to_string(job.activation)},
              {"batch_norm", job.batch_norm},
              {"dropout", job.dropout},
              {"l1", job.l1},
              {"learning_rate", job.learning_rate},
              {"quantized", job.quantized},
              {"masked", job.masked},
              {"batch", job.batch},
              {"seed", job.seed},
              {"precision", job.precision == nn::Precision::bf16 ? "bf16" : "fp32"}};
}

Job job_from_json(const Json& json) {
  Job job;
  job.hidden = json_get<std::vector<int>>(json, "hidden", "job");
  std::string activation = space::to_string(job.activation);
  read(json, "activation", activation);
  job.activation = space::activation_from_string(activation);
  read(json, "batch_norm", job.batch_norm);
  read(json, "dropout", job.dropout);
  read(json, "l1", job.l1);
  read(json, "learning_rate", job.learning_rate);
  read(json, "quantized", job.quantized);
  read(json, "masked", job.masked);
  read(json, "batch", job.batch);
  read(json, "seed", job.seed);
  std::string precision = "fp32";
  read(json, "precision", precision);
  if (precision != "fp32" && precision != "bf16") {
    throw DataError("unknown precision", {.where = "job: precision", .found = precision, .expected = "fp32 or bf16", .hint = {}});
  }
  job.precision = precision == "bf16" ? nn::Precision::bf16 : nn::Precision::fp32;
  return job;
}

Job job_of(const space::Candidate& candidate) {
  const auto layers = space::dense_chain(candidate.arch);
  Job job;
  for (std::size_t l = 0; l + 1 < layers.size(); ++l) job.hidden.push_back(layers[l].units);
  job.activation = layers.front().activation;
  job.batch_norm = layers.front().batch_norm;
  job.dropout = layers.front().dropout;
  job.l1 = candidate.training.l1.value_or(0);
  job.learning_rate = candidate.training.learning_rate.value_or(1e-3);
  return job;
}

PreparedJob::PreparedJob(const Job& job, const data::Dataset& data) : job_(job), data_(data) {
  const auto spec = space::mlp(data.num_features, job.hidden, data.num_classes, job.activation, job.batch_norm, job.dropout);
  Rng rng = Rng::stream(job.seed, "init");
  mlp_ = nn::make_mlp(spec, rng);
  if (job.quantized) {
    mlp_ = nn::fold_batch_norm(mlp_);
    const auto rows = random_rows(data.size(), 4096, job.seed);
    quantizer_ = std::make_unique<nn::NetQuantizer>(compress::calibrate(mlp_, data, rows, {}));
  }
  if (job.masked) {
    mask_.assign(mlp_.parameters.size(), 1);
    for (const auto& layer : mlp_.layers) {
      const auto count = static_cast<std::size_t>(layer.inputs) * static_cast<std::size_t>(layer.outputs);
      for (std::size_t i = 0; i < count; ++i) mask_[layer.weight + i] = rng.chance(0.5) ? 1 : 0;
    }
  }
}

double PreparedJob::run(std::span<const std::uint32_t> rows) const {
  nn::Mlp mlp = mlp_;
  return train(mlp, rows, 1).history.back().train_loss;
}

nn::Mlp PreparedJob::train(std::span<const std::uint32_t> rows, int epochs) const {
  nn::Mlp mlp = mlp_;
  train(mlp, rows, epochs);
  return mlp;
}

nn::TrainResult PreparedJob::train(nn::Mlp& mlp, std::span<const std::uint32_t> rows, int epochs) const {
  nn::TrainParams params;
  params.epochs = epochs;
  params.batch = job_.batch;
  params.learning_rate = job_.learning_rate;
  params.l1 = job_.l1;
  params.schedule = nn::Schedule::constant;
  params.early_stopping = 0;
  params.restore_best = false;
  params.seed = job_.seed;
  params.precision = job_.precision;
  return nn::train(mlp, data_, rows, {}, params, {.quantizer = quantizer_.get(), .mask = mask_.empty() ? nullptr : &mask_});
}

}  // namespace snac::bench
