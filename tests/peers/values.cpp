// What a model of ours gives, as text for the scripts that compare it with other programs: one row per line.
//   exchange_values MODEL OUTPUTS --features FILE             real features, one row per line
//   exchange_values MODEL OUTPUTS --data FILE --write FILE    rows of a data set as the model prepares them; the features are written
//   exchange_values MODEL OUTPUTS --random --write FILE       corners and random values of the input type
//   exchange_values MODEL --random-net SEED                   writes a random network
// MODEL is a fixed_net.json, whose outputs are the real values of its integers (or class indices), or a .mlp.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <numeric>

#include "../../src/exchange/tests/friendly_net.hpp"
#include "snac/core/files.hpp"
#include "snac/data/preprocess.hpp"
#include "snac/data/readers.hpp"
#include "snac/fixed/interpreter.hpp"
#include "snac/flow/verify.hpp"
#include "snac/nn/forward.hpp"

namespace {

using namespace snac;

struct Options {
  std::string model, outputs, features, data, write;
  bool random = false;
  int rows = 1000;
  std::uint64_t seed = 0;
};

std::vector<double> read_rows(const std::string& path, std::size_t columns) {
  std::ifstream in(path);
  std::vector<double> values;
  for (double v = 0; in >> v;) values.push_back(v);
  if (values.empty() || values.size() % columns != 0) throw std::runtime_error(path + " has no whole rows");
  return values;
}

void write_rows(const std::string& path, const std::vector<double>& values, std::size_t columns) {
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i) text += fmt::format("{:.17g}{}", values[i], (i + 1) % columns == 0 ? "\n" : " ");
  write_file_atomically(path, text);
}

std::vector<double> real_values(const std::vector<std::int64_t>& raw, const fixed::TensorType& type) {
  std::vector<double> values;
  for (std::size_t i = 0; i < raw.size(); ++i) values.push_back(fixed::to_real(raw[i], type.type(i % type.size())));
  return values;
}

void run_fixed(const Options& options) {
  const fixed::FixedNet net = fixed::load_fixed_net(options.model);
  std::vector<std::int64_t> inputs;
  if (options.random) {
    inputs = flow::random_inputs(net, options.rows, 7);
  } else {
    std::vector<float> features;
    if (options.data.empty()) {
      const auto rows = read_rows(options.features, net.input.size());
      features.assign(rows.begin(), rows.end());
    } else {
      const auto raw = data::read_dataset(options.data, {.max_rows = static_cast<std::size_t>(options.rows)});
      features = data::Preprocessor::from_json(net.preprocessing, options.model).apply(raw, "test").features;
    }
    inputs = fixed::quantize_inputs(net, features);
  }
  if (!options.write.empty()) write_rows(options.write, real_values(inputs, net.input), net.input.size());
  write_rows(options.outputs, real_values(fixed::run(net, inputs), net.output()), net.output().size());
}

void run_float(const Options& options) {
  const std::string bytes = read_file(options.model);
  const nn::Mlp mlp = nn::deserialize_mlp(std::as_bytes(std::span(bytes)), options.model);
  data::Dataset data;
  data.num_features = mlp.layers.front().inputs;
  data.num_classes = mlp.layers.back().outputs;
  const auto features = read_rows(options.features, static_cast<std::size_t>(data.num_features));
  data.features.assign(features.begin(), features.end());
  data.labels.resize(data.features.size() / static_cast<std::size_t>(data.num_features));
  std::vector<std::uint32_t> rows(data.labels.size());
  std::iota(rows.begin(), rows.end(), 0U);
  const auto logits = nn::predict(mlp, data, rows);
  write_rows(options.outputs, {logits.begin(), logits.end()}, static_cast<std::size_t>(data.num_classes));
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Outputs of a model of ours as text"};
  app.add_option("model", options.model)->required();
  app.add_option("outputs", options.outputs);
  CLI::Option* random_net = app.add_option("--random-net", options.seed);
  app.add_option("--features", options.features);
  app.add_option("--data", options.data);
  app.add_option("--write", options.write);
  app.add_option("--rows", options.rows);
  app.add_flag("--random", options.random);
  CLI11_PARSE(app, argc, argv);
  try {
    if (random_net->count() > 0) {
      Rng rng = Rng::stream(options.seed, "peers");
      fixed::save(fixed::friendly_net(rng), options.model);
      return 0;
    }
    options.model.ends_with(".json") ? run_fixed(options) : run_float(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
