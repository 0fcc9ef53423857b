// The checkpoint file, framed as byte_file.hpp says: settings as a JSON object, the model file of the weights (length u64,
// bytes), the vectors of floats, steps (u64), scores, histories and the state of schedule and early stopping.
#include "snac/nn/checkpoint.hpp"

#include <fmt/format.h>

#include <bit>
#include <utility>

#include "byte_file.hpp"
#include "snac/core/error.hpp"
#include "snac/core/fields.hpp"
#include "snac/core/json.hpp"
#include "snac/nn/kernels.hpp"

namespace snac::nn {
namespace {

constexpr std::string_view kMagic{"SNACTRN\0", 8};
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kBytesPerEpoch = 4 * sizeof(double);

/// FNV-1a over 64-bit words.
class Fingerprint {
 public:
  void add(std::uint64_t word) {
    hash_ = (hash_ ^ word) * 0x100000001b3ULL;
    hash_ ^= hash_ >> 29;
  }
  void add(float value) { add(std::uint64_t{std::bit_cast<std::uint32_t>(value)}); }
  void add(const Grid& grid) {
    add(static_cast<std::uint64_t>(grid.fraction_bits));
    add(static_cast<std::uint64_t>(grid.min_raw));
    add(static_cast<std::uint64_t>(grid.max_raw));
  }
  std::string text() const { return fmt::format("{:016x}", hash_); }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
};

std::string describe_rows(const data::Dataset& data, std::span<const std::uint32_t> rows) {
  Fingerprint fingerprint;
  for (const std::uint32_t row : rows) {
    fingerprint.add(std::uint64_t{row} << 8 | data.labels[row]);
    for (const float feature : data.row(row)) fingerprint.add(feature);
  }
  return fmt::format("{} rows with fingerprint {}", rows.size(), fingerprint.text());
}

std::string describe_grids(const NetQuantizer* quantizer) {
  if (quantizer == nullptr) return "none";
  Fingerprint fingerprint;
  for (const Grid& grid : quantizer->input.all()) fingerprint.add(grid);
  for (const LayerQuantizer& layer : quantizer->layers) {
    fingerprint.add(layer.weight);
    fingerprint.add(static_cast<std::uint64_t>(layer.bias_fraction_bits));
    fingerprint.add(std::uint64_t{layer.pre_activation.has_value()});
    if (layer.pre_activation) fingerprint.add(*layer.pre_activation);
    for (const Grid& grid : layer.output.all()) fingerprint.add(grid);
  }
  return "fingerprint " + fingerprint.text();
}

std::string describe_mask(const std::vector<std::uint8_t>* mask) {
  if (mask == nullptr) return "none";
  Fingerprint fingerprint;
  for (const std::uint8_t each : *mask) fingerprint.add(std::uint64_t{each});
  return "fingerprint " + fingerprint.text();
}

void write(ByteWriter& writer, const Score& score) {
  writer.real(score.loss);
  writer.real(score.accuracy);
}
Score read_score(ByteReader& reader) {
  const double loss = reader.real("score");
  return {.loss = loss, .accuracy = reader.real("score")};
}

int read_count(ByteReader& reader, const char* what) {
  const auto count = reader.number<std::uint32_t>(what);
  if (count > static_cast<std::uint32_t>(std::numeric_limits<int>::max())) reader.damaged(std::to_string(count), what);
  return static_cast<int>(count);
}

void require_size(const ByteReader& reader, const std::vector<float>& values, std::size_t size, bool may_be_empty, const char* what) {
  if (values.size() == size || (may_be_empty && values.empty())) return;
  reader.damaged(fmt::format("{} {}", values.size(), what), fmt::format("{} for this architecture", size));
}

}  // namespace

std::map<std::string, std::string> checkpoint_settings(const Mlp& mlp, const data::Dataset& data, std::span<const std::uint32_t> train_rows,
                                                       std::span<const std::uint32_t> validation_rows, const TrainParams& params,
                                                       const TrainExtras& extras) {
  std::map<std::string, std::string> settings{
      {"architecture", space::to_json(mlp.spec).dump()},
      {"training rows", describe_rows(data, train_rows)},
      {"validation rows", describe_rows(data, validation_rows)},
      {"grids", describe_grids(extras.quantizer)},
      {"mask", describe_mask(extras.mask)},
      {"instruction set", kernel_isa_name()},
  };
  TrainParams described = params;
  std::vector<Fields::Entry> entries;
  Fields fields = Fields::documenter(entries);
  describe(fields, described);
  for (const Fields::Entry& entry : entries) {
    if (entry.path != "epochs" || params.schedule == Schedule::cosine) settings[entry.path] = entry.value;
  }
  return settings;
}

std::vector<std::byte> serialize(const TrainCheckpoint& checkpoint) {
  ByteWriter writer(kMagic, kVersion);
  writer.long_text(Json(checkpoint.settings).dump());
  const std::vector<std::byte> mlp = serialize(checkpoint.mlp);
  writer.number(static_cast<std::uint64_t>(mlp.size()));
  writer.raw(mlp);
  for (const auto* values :
       {&checkpoint.first_moment, &checkpoint.second_moment, &checkpoint.best_parameters, &checkpoint.best_statistics}) {
    writer.long_floats(*values);
  }
  writer.number(checkpoint.steps);
  write(writer, checkpoint.best_score);
  write(writer, checkpoint.progress.validation);
  writer.number(static_cast<std::uint32_t>(checkpoint.progress.best_epoch + 1));
  writer.number(static_cast<std::uint64_t>(checkpoint.progress.samples));
  writer.real(checkpoint.progress.seconds);
  writer.real(checkpoint.schedule.rate);
  writer.real(checkpoint.schedule.best);
  writer.number(static_cast<std::uint32_t>(checkpoint.schedule.waited));
  writer.real(checkpoint.stopping.best);
  writer.number(static_cast<std::uint32_t>(checkpoint.stopping.waited));
  writer.number(static_cast<std::uint64_t>(checkpoint.progress.history.size()));
  for (const EpochLog& log : checkpoint.progress.history) {
    for (const double value : {log.learning_rate, log.train_loss, log.validation_loss, log.validation_accuracy}) writer.real(value);
  }
  return writer.finish();
}

TrainCheckpoint deserialize_checkpoint(std::span<const std::byte> bytes, const std::string& where) {
  ByteReader reader(bytes, kMagic, kVersion, "checkpoint", where);
  TrainCheckpoint checkpoint;
  const Json settings = parse_json(reader.long_text("settings"), where + ": settings");
  if (!settings.is_object()) reader.damaged("settings that are no object", "an object of names and texts");
  for (const auto& [name, value] : settings.items()) {
    if (!value.is_string()) reader.damaged("the setting " + name + " is " + value.dump(), "a text");
    checkpoint.settings[name] = value.get<std::string>();
  }
  const auto length = reader.number<std::uint64_t>("length of the model");
  if (length > reader.left()) reader.damaged(fmt::format("{} bytes left", reader.left()), fmt::format("a model of {} bytes", length));
  checkpoint.mlp = deserialize_mlp(reader.take(static_cast<std::size_t>(length), "model"), where + ": model");
  for (auto* values : {&checkpoint.first_moment, &checkpoint.second_moment, &checkpoint.best_parameters, &checkpoint.best_statistics}) {
    *values = reader.long_floats("floats");
  }
  const std::size_t parameters = checkpoint.mlp.parameters.size();
  require_size(reader, checkpoint.first_moment, parameters, false, "first moments");
  require_size(reader, checkpoint.second_moment, parameters, true, "second moments");
  require_size(reader, checkpoint.best_parameters, parameters, true, "best parameters");
  const bool has_best = !checkpoint.best_parameters.empty();
  require_size(reader, checkpoint.best_statistics, has_best ? checkpoint.mlp.statistics.size() : 0, false, "best statistics");
  checkpoint.steps = reader.number<std::uint64_t>("steps");
  checkpoint.best_score = read_score(reader);
  TrainResult& progress = checkpoint.progress;
  progress.validation = read_score(reader);
  progress.best_epoch = read_count(reader, "best epoch") - 1;
  const auto samples = reader.number<std::uint64_t>("samples");
  if (samples > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) reader.damaged("samples", "a count below 2^63");
  progress.samples = static_cast<std::int64_t>(samples);
  progress.seconds = reader.real("seconds");
  checkpoint.schedule.rate = reader.real("schedule");
  checkpoint.schedule.best = reader.real("schedule");
  checkpoint.schedule.waited = read_count(reader, "schedule");
  checkpoint.stopping.best = reader.real("early stopping");
  checkpoint.stopping.waited = read_count(reader, "early stopping");
  const auto epochs = reader.number<std::uint64_t>("number of epochs");
  if (epochs != reader.left() / kBytesPerEpoch) {
    reader.damaged(fmt::format("{} bytes left", reader.left()), fmt::format("the logs of {} epochs", epochs));
  }
  for (std::uint64_t e = 0; e < epochs; ++e) {
    EpochLog log{.epoch = static_cast<int>(e)};
    for (double* value : {&log.learning_rate, &log.train_loss, &log.validation_loss, &log.validation_accuracy}) {
      *value = reader.real("epoch log");
    }
    progress.history.push_back(log);
  }
  reader.finish();
  if (progress.best_epoch >= static_cast<int>(epochs) || (progress.best_epoch >= 0) != has_best) {
    reader.damaged(fmt::format("best epoch {} of {}", progress.best_epoch + 1, epochs), "an epoch of the training");
  }
  return checkpoint;
}

}  // namespace snac::nn
