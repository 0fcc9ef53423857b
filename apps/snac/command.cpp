#include "command.hpp"

#include <fmt/format.h>

#include <memory>

namespace snac::app {

CLI::App* add_command(CLI::App& parent, const std::string& name, const std::string& summary, Guide guide) {
  return parent.add_subcommand(std::make_shared<Command>(&parent, name, summary, std::move(guide)));
}

CLI::Validator known_values(const std::vector<std::string>& values) {
  return {[](std::string&) { return std::string(); }, fmt::format("{{{}}}", fmt::join(values, ",")), "known"};
}

}  // namespace snac::app
