// A model as commands read it: a file or a compressed model of a study, with the output stage the user asks for.
#include <charconv>
#include <utility>

#include "commands.hpp"
#include "snac/flow/results.hpp"

namespace snac::app {

void ModelOptions::add_to(CLI::App& command) {
  const CLI::OptionDefaults before = *command.option_defaults();
  command.option_defaults()->group("The model");
  command
      .add_option("-m,--model", model, "A fixed_net.json; with --config the name of a compressed model (see snac front --stage compress)")
      ->required()
      ->type_name(kFile);
  auto* with_study =
      command.add_option("-c,--config", config, "Configuration of the study that holds the model; target and tools are as it says")
          ->type_name(kFile);
  add_settings(command, overrides)->needs(with_study);
  command.add_option("--study-folder", folder, "Folder of the study, if not where the configuration says")
      ->needs(with_study)
      ->type_name(kFolder);
  command.add_option("--output-stage", output_stage, "What the hardware gives; default: as in the file")
      ->check(CLI::IsMember({"logits", "argmax", "softmax"}));
  command.add_option("--probability-bits", probability_bits, "Bits of a probability with --output-stage softmax")
      ->check(CLI::Range(fixed::kMinProbabilityBits, fixed::kMaxProbabilityBits));
  *command.option_defaults() = before;
}

flow::StudyConfig ModelOptions::study() const {
  if (config.empty()) return {};
  flow::StudyConfig study = flow::load_config(config, overrides);
  if (!folder.empty()) study.output = folder;
  return study;
}

fixed::FixedNet ModelOptions::load() const {
  fixed::FixedNet net = config.empty() ? fixed::load_fixed_net(model) : flow::stored_network(study(), model);
  if (output_stage.empty()) return net;
  return fixed::with_output(std::move(net), fixed::output_kind_from_string(output_stage, "--output-stage"), probability_bits);
}

flow::Design ModelOptions::design(const fixed::FixedNet& net, const flow::StudyConfig& study) const {
  const flow::TargetConfig& target = study.target;
  const bool kept = target.keep_latency && !config.empty() && target.pipelining == circuit::Pipelining::levels && target.reuse_factor == 1;
  return flow::design(net, kept ? flow::target_of(target, flow::stored_values(study, model)) : target, flow::calibration_of(study));
}

std::vector<int> layer_sizes(const std::string& text) {
  std::vector<int> sizes;
  const char *at = text.data(), *end = at + text.size();
  while (at < end) {
    int size = 0;
    const auto [stop, error] = std::from_chars(at, end, size);
    if (error != std::errc() || size < 1 || (stop != end && (*stop != '-' || stop + 1 == end))) return {};
    sizes.push_back(size);
    at = stop == end ? end : stop + 1;
  }
  return sizes;
}

}  // namespace snac::app
