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

Json reference_json() {
  Json keys = Json::array();
  for (const auto& entry : flow::config_reference()) {
    if (entry.type != "section")
      keys.push_back({{"key", entry.path}, {"type", entry.type}, {"default", entry.value}, {"help", entry.help}});
  }
  return keys;
}

/// Values of a configuration as JSON: numbers and truth values where a plain scalar is one, else texts.
Json json_of(const YAML::Node& node) {
  if (node.IsMap()) {
    Json map = Json::object();
    for (const auto& item : node) map[item.first.Scalar()] = json_of(item.second);
    return map;
  }
  if (node.IsSequence()) {
    Json list = Json::array();
    for (const auto& item : node) list.push_back(json_of(item));
    return list;
  }
  if (!node.IsScalar()) return nullptr;
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;  // quoted
  if (text == "true" || text == "false") return text == "true";
  const Json number = Json::parse(text, nullptr, false);
  return number.is_number() ? number : Json(text);
}

}  // namespace

void add_show_config(CLI::App& app, Action& action) {
  struct Options {
    std::string config;
    std::vector<std::string> overrides;
    bool keys = false, json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(app, "show-config", "Print the effective configuration, or every key with --keys",
                                  {.about = "What a study does: defaults, then the file, then --set, the later one winning.",
                                   .examples = {{"snac show-config --keys", "every key: default, type and range, meaning"},
                                                {"snac show-config --config configs/jets_quick.yaml --set search.trials=40", ""},
                                                {"snac show-config --keys --json", "the same for programs"}},
                                   .see = {"snac run", "docs/configuration.md", "docs/configuration-keys.md"}});
  command->group(kStudyCommands);
  auto* keys = command->add_flag("--keys", options->keys, "Every key: default, type and range, meaning");
  command->add_option("-c,--config", options->config, "Configuration of the study (YAML)")->type_name(kFile)->excludes(keys);
  add_settings(*command, options->overrides);
  command->add_flag("--json", options->json, "Print as JSON");
  command->callback([&action, options] {
    if (!options->keys && options->config.empty()) throw CLI::RequiredError("--config or --keys");
    action = [options] {
      if (options->keys && options->json)
        print_json(reference_json());
      else if (options->keys)
        print_text(reference());
      else if (options->json)
        print_json(json_of(flow::load_config(options->config, options->overrides).to_yaml()));
      else
        print(YAML::Dump(flow::load_config(options->config, options->overrides).to_yaml()) + "\n");
      return 0;
    };
  });
}

}  // namespace snac::app
