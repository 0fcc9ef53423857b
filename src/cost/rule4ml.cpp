#include "snac/cost/rule4ml.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "rule4ml_features.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/core/interrupt.hpp"
#include "snac/core/json.hpp"
#include "snac/cost/device.hpp"
#include "snac/data/hdf5_arrays.hpp"

namespace snac::cost {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxWidth = 1 << 14, kMaxLayers = 64, kMaxReuse = 1 << 20;

/// Boards by the names that rule4ml has for them, and our devices of the same silicon.
struct Board {
  const char* name;
  std::vector<std::string> devices;
};
const std::array<Board, 4>& boards() {
  static const std::array<Board, 4> all{Board{"pynq-z2", {"xc7z020"}}, Board{"zcu102", {"xczu9eg"}},
                                        Board{"alveo-u200", {"xcu200", "xcvu9p"}}, Board{"alveo-u250", {"xcu250", "xcvu13p"}}};
  return all;
}

std::string describe(const Board& board) { return fmt::format("{} ({})", board.name, fmt::join(board.devices, ", ")); }

/// Row-major (inputs, outputs).
struct Matrix {
  std::size_t inputs = 0, outputs = 0;
  std::vector<double> values;
};

struct Layer {
  Matrix weights;
  std::vector<double> bias;
};

/// y += x W
void accumulate(std::span<const double> x, const Matrix& w, std::span<double> y) {
  for (std::size_t i = 0; i < w.inputs; ++i) {
    if (x[i] == 0) continue;
    const double factor = x[i], *row = w.values.data() + i * w.outputs;
    for (std::size_t o = 0; o < w.outputs; ++o) y[o] += factor * row[o];
  }
}

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix result{a.inputs, b.outputs, std::vector<double>(a.inputs * b.outputs)};
  for (std::size_t i = 0; i < a.inputs; ++i) {
    accumulate(std::span(a.values).subspan(i * a.outputs, a.outputs), b, std::span(result.values).subspan(i * b.outputs, b.outputs));
  }
  return result;
}

/// One figure's network: embeddings of strategy and board beside a linear map of the features, then dense layers with ReLU, the last
/// one included. The linear map and the first layer are kept as one matrix.
class Predictor {
 public:
  std::string output;  ///< "lut"
  bool percent = false, linear_entries = false;
  std::vector<std::size_t> features;  ///< which of rule4ml_feature_names
  std::map<std::string, std::size_t> strategies, boards;
  Matrix strategy_part, board_part;  ///< embedding times its rows of the first layer
  Matrix feature_part;
  std::vector<double> first_bias;
  std::vector<Layer> layers;  ///< behind the first

  double predict(const std::vector<double>& all_features, std::size_t strategy, std::size_t board) const {
    std::vector<double> x(features.size());
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = all_features[features[i]];
    std::vector<double> y = first_bias, next;
    for (std::size_t o = 0; o < y.size(); ++o)
      y[o] += strategy_part.values[strategy * y.size() + o] + board_part.values[board * y.size() + o];
    accumulate(x, feature_part, y);
    rectify(y);
    for (const Layer& layer : layers) {
      next = layer.bias;
      accumulate(y, layer.weights, next);
      rectify(next);
      y.swap(next);
    }
    return y.front();
  }

 private:
  static void rectify(std::vector<double>& values) {
    for (double& value : values) value = std::max(value, 0.0);
  }
};

[[noreturn]] void fail_kind(const std::string& where, const std::string& found) {
  throw DataError("not a predictor of rule4ml that is read here",
                  {.where = where,
                   .found = found,
                   .expected = "an MLP of rule4ml 0.1 or 0.2 (the graph networks, *.weights.pt, are not read)",
                   .hint = "name the folder with BRAM_MLP_config.json (0.1), or v1/mlp or v2/mlp (0.2)"});
}

std::vector<std::size_t> widths_from(const Json& settings, const char* key, const std::string& where) {
  const auto widths = json_get<std::vector<int>>(settings, key, where);
  const auto bad = std::find_if(widths.begin(), widths.end(), [](int w) { return w < 1 || w > kMaxWidth; });
  if (bad != widths.end() || widths.size() > kMaxLayers) {
    throw DataError("a predictor of rule4ml has impossible layers",
                    {.where = where + ": " + key,
                     .found = bad != widths.end() ? fmt::format("a width of {}", *bad) : fmt::format("{} layers", widths.size()),
                     .expected = fmt::format("at most {} layers, widths 1..{}", kMaxLayers, kMaxWidth),
                     .hint = {}});
  }
  return {widths.begin(), widths.end()};
}

std::map<std::string, std::size_t> categories_from(const Json& maps, const char* key, const std::string& where) {
  const auto numbers = json_get<std::map<std::string, int>>(maps, key, where);
  std::map<std::string, std::size_t> categories;
  for (const auto& [name, number] : numbers) {
    if (number < 1 || number > 1000) {
      throw DataError("a predictor of rule4ml numbers its categories strangely",
                      {.where = where + ": " + key + ": " + name, .found = std::to_string(number), .expected = "1..1000", .hint = {}});
    }
    categories[name] = static_cast<std::size_t>(number);
  }
  return categories;
}

/// The arrays of one weight file, taken by name and shape.
class Weights {
 public:
  explicit Weights(const std::string& path) : path_(path) {
    for (data::Hdf5Numbers& array : data::read_hdf5_arrays(path, "layers")) arrays_.emplace(array.name, std::move(array));
  }
  /// A kernel (inputs, outputs) of the layer. @param rows 0 = any number
  Matrix kernel(const std::string& layer, std::size_t rows, std::size_t columns) {
    const data::Hdf5Numbers& array = take(layer + "/vars/0");
    if (array.shape.size() != 2 || (rows > 0 && array.shape[0] != rows) || array.shape[1] != columns)
      fail_shape(array, fmt::format("({}, {})", rows > 0 ? std::to_string(rows) : "rows", columns));
    return {array.shape[0], array.shape[1], {array.values.begin(), array.values.end()}};
  }
  std::vector<double> bias(const std::string& layer, std::size_t size) {
    const data::Hdf5Numbers& array = take(layer + "/vars/1");
    if (array.shape.size() != 1 || array.shape[0] != size) fail_shape(array, fmt::format("({})", size));
    return {array.values.begin(), array.values.end()};
  }
  /// After the last layer. @throws DataError if the file has more than was taken.
  void finish() const {
    for (const auto& [name, array] : arrays_) {
      if (taken_.contains(name)) continue;
      throw DataError(
          "a weight file has more layers than its configuration",
          {.where = path_ + ": layers", .found = "'" + name + "'", .expected = "only layers of the configuration", .hint = kHint});
    }
  }

 private:
  static constexpr const char* kHint = "weights and configuration must be of one predictor";
  const data::Hdf5Numbers& take(const std::string& name) {
    const auto found = arrays_.find(name);
    if (found == arrays_.end()) {
      std::vector<std::string> known;
      for (const auto& each : arrays_) known.push_back(each.first);
      throw DataError("a weight file lacks an array",
                      {.where = path_ + ": layers",
                       .found = fmt::format("{} arrays: {}", known.size(),
                                            fmt::join(std::span(known).first(std::min<std::size_t>(known.size(), 12)), ", ")),
                       .expected = "'" + name + "'",
                       .hint = kHint});
    }
    taken_.insert(name);
    const auto bad = std::find_if(found->second.values.begin(), found->second.values.end(), [](float v) { return !std::isfinite(v); });
    if (bad != found->second.values.end()) {
      throw DataError("a weight is not a finite number", {.where = path_ + ": layers/" + name,
                                                          .found = fmt::format("{} at {}", *bad, bad - found->second.values.begin()),
                                                          .expected = "finite weights",
                                                          .hint = {}});
    }
    return found->second;
  }
  [[noreturn]] void fail_shape(const data::Hdf5Numbers& array, const std::string& expected) const {
    throw DataError("weights and configuration of a predictor disagree", {.where = path_ + ": layers/" + array.name,
                                                                          .found = fmt::format("shape ({})", fmt::join(array.shape, ", ")),
                                                                          .expected = expected,
                                                                          .hint = kHint});
  }
  std::string path_;
  std::map<std::string, data::Hdf5Numbers> arrays_;
  std::set<std::string> taken_;
};

std::string numbered(const char* name, std::size_t k) { return k == 0 ? name : fmt::format("{}_{}", name, k); }

Matrix rows_of(const Matrix& matrix, std::size_t first, std::size_t count) {
  const auto at = matrix.values.begin() + static_cast<std::ptrdiff_t>(first * matrix.outputs);
  return {count, matrix.outputs, {at, at + static_cast<std::ptrdiff_t>(count * matrix.outputs)}};
}

/// Reads the stack and folds it: embeddings, features' linear map and first layer into one affine map.
void read_network(Predictor& result, const Json& settings, const char* embeddings_key, const std::string& where, Weights& weights) {
  const std::vector<std::size_t> embeddings = widths_from(settings, embeddings_key, where),
                                 linear = widths_from(settings, "numerical_dense_layers", where),
                                 dense = widths_from(settings, "dense_layers", where);
  if (embeddings.size() != 2 || dense.empty()) {
    throw DataError("a predictor of rule4ml has another structure",
                    {.where = where,
                     .found = fmt::format("{} embeddings and {} dense layers", embeddings.size(), dense.size()),
                     .expected = "2 embeddings (strategy, board) and at least one dense layer",
                     .hint = {}});
  }
  const auto check_rows = [&](const Matrix& table, const std::map<std::string, std::size_t>& categories, const char* name) {
    for (const auto& [category, number] : categories) {
      if (number < table.inputs) continue;
      throw DataError("weights and configuration of a predictor disagree",
                      {.where = where + ": " + name,
                       .found = fmt::format("'{}' has number {}", category, number),
                       .expected = fmt::format("numbers below {}, the rows of its embedding", table.inputs),
                       .hint = {}});
    }
  };
  const Matrix strategy = weights.kernel("embedding", 0, embeddings[0]), board = weights.kernel("embedding_1", 0, embeddings[1]);
  check_rows(strategy, result.strategies, "strategy");
  check_rows(board, result.boards, "board");
  std::size_t k = 0, width = result.features.size();
  Matrix map{width, width, std::vector<double>(width * width)};
  for (std::size_t i = 0; i < width; ++i) map.values[i * width + i] = 1;
  for (const std::size_t next : linear) {
    map = product(map, weights.kernel(numbered("dense", k++), width, next));
    width = next;
  }
  const Matrix first = weights.kernel(numbered("dense", k), embeddings[0] + embeddings[1] + width, dense[0]);
  result.first_bias = weights.bias(numbered("dense", k++), dense[0]);
  result.strategy_part = product(strategy, rows_of(first, 0, embeddings[0]));
  result.board_part = product(board, rows_of(first, embeddings[0], embeddings[1]));
  result.feature_part = product(map, rows_of(first, embeddings[0] + embeddings[1], width));
  std::vector<std::size_t> behind(dense.begin() + 1, dense.end());
  behind.push_back(1);
  width = dense[0];
  for (const std::size_t next : behind) {
    Layer layer{weights.kernel(numbered("dense", k), width, next), weights.bias(numbered("dense", k), next)};
    ++k;
    result.layers.push_back(std::move(layer));
    width = next;
  }
  weights.finish();
}

Predictor read_predictor(const fs::path& config_path, const fs::path& weight_path) {
  const std::string where = config_path.string();
  const Json config = parse_json(read_file(config_path), where);
  Predictor result;
  Json settings;
  const char* embeddings_key = "embedding_layers";
  if (config.is_object() && config.contains("model_settings")) {  // release 0.1
    settings = json_get<Json>(config, "model_settings", where);
    const auto kind = json_get<std::string>(settings, "class_name", where + ": model_settings");
    if (kind != "MLPSettings") fail_kind(where + ": model_settings: class_name", "'" + kind + "'");
    embeddings_key = "embedding_outputs";
    result.linear_entries = true;
  } else if (config.is_object() && config.contains("model_class")) {  // release 0.2
    const auto kind = json_get<std::string>(config, "model_class", where);
    if (kind != "KerasMLP") fail_kind(where + ": model_class", "'" + kind + "'");
    settings = json_get<Json>(json_get<Json>(config, "model_config", where), "settings", where + ": model_config");
  } else {
    fail_kind(where, "neither 'model_settings' nor 'model_class'");
  }
  const auto outputs = json_get<std::vector<std::string>>(config, "output_labels", where);
  if (outputs.size() != 1) fail_kind(where + ": output_labels", fmt::format("{} outputs", outputs.size()));
  result.output = outputs.front();
  if (config.contains("sequential_numerical_labels") && !config.at("sequential_numerical_labels").empty())
    fail_kind(where + ": sequential_numerical_labels", "features for every layer");

  const bool resource = result.output == "bram" || result.output == "dsp" || result.output == "ff" || result.output == "lut";
  if (result.linear_entries) {
    result.percent = resource;
  } else if (config.contains("scaler_class") && !config.at("scaler_class").is_null()) {
    const auto scaler = json_get<std::string>(config, "scaler_class", where);
    if (scaler != "BoardPercentScaler") fail_kind(where + ": scaler_class", "'" + scaler + "'");
    result.percent = resource;
  }
  const std::vector<std::string>& known = rule4ml_feature_names();
  for (const auto& name : json_get<std::vector<std::string>>(config, "global_numerical_labels", where)) {
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end()) {
      throw DataError("a predictor of rule4ml wants a feature that is not known here", {.where = where + ": global_numerical_labels",
                                                                                        .found = "'" + name + "'",
                                                                                        .expected = "features of rule4ml 0.1 and 0.2",
                                                                                        .hint = suggest(name, known)});
    }
    result.features.push_back(static_cast<std::size_t>(found - known.begin()));
  }
  const Json maps = json_get<Json>(config, "global_categorical_maps", where);
  if (!maps.is_object() || maps.size() != 2) fail_kind(where + ": global_categorical_maps", fmt::format("{} categories", maps.size()));
  result.strategies = categories_from(maps, "strategy", where + ": global_categorical_maps");
  result.boards = categories_from(maps, "board", where + ": global_categorical_maps");
  Weights weights(weight_path.string());
  read_network(result, settings, embeddings_key, where, weights);
  return result;
}

/// Configuration and weight files of a folder, sorted.
std::vector<std::pair<fs::path, fs::path>> find_files(const std::string& folder) {
  std::error_code code;
  std::vector<std::pair<fs::path, fs::path>> files;
  std::vector<std::string> others;
  fs::directory_iterator entries(folder, code);
  if (code) {
    throw DataError("cannot read a folder of rule4ml's predictors",
                    {.where = folder, .found = code.message(), .expected = "a folder with the files of rule4ml", .hint = "check the path"});
  }
  for (const fs::directory_entry& entry : entries) {
    const std::string name = entry.path().filename().string();
    others.push_back(name);
    for (const char* ending : {"_config.json", ".config.json"}) {
      if (!name.ends_with(ending)) continue;
      const fs::path weights = entry.path().parent_path() / (name.substr(0, name.size() - std::string_view(ending).size()) + ".weights.h5");
      files.emplace_back(entry.path(), weights);
    }
  }
  std::sort(files.begin(), files.end());
  std::sort(others.begin(), others.end());
  if (files.empty()) {
    if (others.size() > 12) others.resize(12);
    fail_kind(folder, others.empty() ? "an empty folder" : fmt::format("{}", fmt::join(others, ", ")));
  }
  return files;
}

}  // namespace

void Rule4mlSetup::validate() const {
  const auto check = [](const char* field, int value, int low, int high) {
    if (value >= low && value <= high) return;
    throw ConfigError("a setup for rule4ml is out of range",
                      {.where = field, .found = std::to_string(value), .expected = fmt::format("{} to {}", low, high), .hint = {}});
  };
  check("weight_bits", weight_bits, 1, 32);
  check("reuse_factor", reuse_factor, 1, kMaxReuse);
  find_device(device);
}

struct Rule4ml::Impl {
  std::string folder, source, sha256;
  std::map<std::string, Predictor> predictors;  ///< by output

  /// Boards that every predictor knows.
  std::vector<const Board*> known_boards() const {
    std::vector<const Board*> known;
    for (const Board& board : boards()) {
      const bool everywhere =
          std::all_of(predictors.begin(), predictors.end(), [&](const auto& p) { return p.second.boards.contains(board.name); });
      if (everywhere) known.push_back(&board);
    }
    return known;
  }
};

Rule4ml::Rule4ml(const std::string& folder) : impl_(std::make_unique<Impl>()) {
  impl_->folder = folder;
  std::string hashes;
  for (const auto& [config, weights] : find_files(folder)) {
    Predictor predictor = read_predictor(config, weights);
    hashes += sha256_file(config) + sha256_file(weights);
    const std::string output = predictor.output;
    if (!impl_->predictors.emplace(output, std::move(predictor)).second) {
      throw DataError("two predictors of rule4ml for one figure",
                      {.where = config.string(), .found = "a second '" + output + "'", .expected = "one file per figure", .hint = {}});
    }
  }
  for (const char* needed : {"bram", "dsp", "ff", "lut", "cycles"}) {
    if (impl_->predictors.contains(needed)) continue;
    throw DataError("a predictor of rule4ml is missing", {.where = folder,
                                                          .found = fmt::format("no file predicts '{}'", needed),
                                                          .expected = "bram, dsp, ff, lut and cycles",
                                                          .hint = "copy the whole folder"});
  }
  // The generations differ in what resources mean: percent of a board, or counts.
  const bool percent = impl_->predictors.at("lut").percent;
  for (const auto& [output, predictor] : impl_->predictors) {
    const bool resource = output == "bram" || output == "dsp" || output == "ff" || output == "lut";
    if (!resource && output != "cycles" && output != "interval") fail_kind(folder, "a predictor of '" + output + "'");
    if (resource && predictor.percent != percent) {
      throw DataError("predictors of two generations of rule4ml in one folder",
                      {.where = folder,
                       .found = fmt::format("'{}' and 'lut' differ: percent of a board, and counts", output),
                       .expected = "one generation",
                       .hint = {}});
    }
  }
  impl_->source = percent ? "rule4ml v1" : "rule4ml v2";
  impl_->sha256 = snac::sha256(hashes);
}

Rule4ml::~Rule4ml() = default;
Rule4ml::Rule4ml(Rule4ml&&) noexcept = default;
Rule4ml& Rule4ml::operator=(Rule4ml&&) noexcept = default;

std::vector<std::string> Rule4ml::devices() const {
  std::vector<std::string> names;
  for (const Board* board : impl_->known_boards()) names.push_back(describe(*board));
  return names;
}

const std::string& Rule4ml::source() const noexcept { return impl_->source; }
const std::string& Rule4ml::sha256() const noexcept { return impl_->sha256; }

std::vector<Rule4mlEstimate> Rule4ml::predict(std::span<const space::ArchSpec> networks, const Rule4mlSetup& setup) const {
  setup.validate();
  const Device& device = find_device(setup.device);
  const std::vector<const Board*> known = impl_->known_boards();
  const auto board = std::find_if(known.begin(), known.end(), [&](const Board* b) {
    return std::find(b->devices.begin(), b->devices.end(), device.name) != b->devices.end();
  });
  if (board == known.end()) {
    throw ConfigError("rule4ml has no board with a device",
                      {.where = impl_->folder,
                       .found = setup.device == device.name ? device.name : fmt::format("{} ({})", setup.device, device.name),
                       .expected = fmt::format("{}", fmt::join(devices(), ", ")),
                       .hint = "choose one of these, or an objective that is not of rule4ml"});
  }
  const std::string strategy = to_string(setup.strategy);
  const auto output_of = [&](const Predictor& predictor, const std::vector<double>& features) {
    const auto number = predictor.strategies.find(strategy);
    if (number == predictor.strategies.end()) {
      throw ConfigError("a predictor of rule4ml does not know a strategy",
                        {.where = impl_->folder, .found = strategy, .expected = "one that it was trained on", .hint = {}});
    }
    const double value = predictor.predict(features, number->second, predictor.boards.at((*board)->name));
    if (!std::isfinite(value)) {
      throw DataError("a predictor of rule4ml gives no number", {.where = impl_->folder + ": " + predictor.output,
                                                                 .found = fmt::format("{}", value),
                                                                 .expected = "a finite prediction",
                                                                 .hint = "fetch the weights again"});
    }
    return value;
  };

  std::vector<Rule4mlEstimate> estimates;
  estimates.reserve(networks.size());
  const bool linear_entries = impl_->predictors.at("lut").linear_entries;
  for (const space::ArchSpec& network : networks) {
    if (estimates.size() % 1024 == 0) throw_if_interrupted();
    const std::vector<double> features = rule4ml_features(network, setup, linear_entries);
    Rule4mlEstimate& estimate = estimates.emplace_back();
    const auto resource = [&](const char* output, double total, double unit, double& count, double& percent) {
      const Predictor& predictor = impl_->predictors.at(output);
      const double value = output_of(predictor, features);
      count = predictor.percent ? value / 100 * total : value * unit;
      percent = predictor.percent ? value : 100 * count / total;
    };
    constexpr double kBram18PerBlock = 2;
    resource("lut", device.lut, 1, estimate.resources.lut, estimate.percent.lut);
    resource("ff", device.ff, 1, estimate.resources.ff, estimate.percent.ff);
    resource("dsp", device.dsp, 1, estimate.resources.dsp, estimate.percent.dsp);
    resource("bram", device.bram18, kBram18PerBlock, estimate.resources.bram18, estimate.percent.bram);
    estimate.resources.source = impl_->source;
    estimate.average_resource_percent = (estimate.percent.lut + estimate.percent.ff + estimate.percent.dsp + estimate.percent.bram) / 4;
    estimate.clock_cycles = output_of(impl_->predictors.at("cycles"), features);
    if (const auto interval = impl_->predictors.find("interval"); interval != impl_->predictors.end())
      estimate.initiation_interval = output_of(interval->second, features);
  }
  return estimates;
}

}  // namespace snac::cost
