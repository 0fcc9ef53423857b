// snac show-config: the effective configuration, or the reference of all keys.
#include <fmt/format.h>

#include <memory>

#include "commands.hpp"

namespace snac::app {
namespace {

std::string reference() {
  std::string text;
  for (const auto& entry : flow::config_reference()) {
    text += entry.type == "section" ? fmt::format("\n{}:  # {}\n", entry.path, entry.help)
                                    : fmt::format("  {} = {}   ({})\n      {}\n", entry.path, entry.value.empty() ? "\"\"" : entry.value,
                                                  entry.type, entry.help);
  }
  return text;
}

}  // namespace

void add_show_config(CLI::App& app, Action& action) {
  struct Options {
    std::string config;
    std::vector<std::string> overrides;
    bool keys = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("show-config", "Print the effective configuration, or every key with --keys");
  auto* keys = command->add_flag("--keys", options->keys, "Every key: default, type and range, meaning");
  command->add_option("-c,--config", options->config, "Configuration of the study (YAML)")->excludes(keys);
  command->add_option("--set", options->overrides, "Change one key: --set search.trials=100 (may be repeated)");
  command->callback([&action, options] {
    if (!options->keys && options->config.empty()) throw CLI::RequiredError("--config or --keys");
    action = [options] {
      if (options->keys)
        print(reference());
      else
        print(YAML::Dump(flow::load_config(options->config, options->overrides).to_yaml()) + "\n");
      return 0;
    };
  });
}

}  // namespace snac::app
