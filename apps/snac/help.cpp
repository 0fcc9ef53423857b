// Help on a screen.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "description.hpp"
#include "snac/core/terminal.hpp"
#include "snac/core/text_layout.hpp"

namespace snac::app {
namespace {

constexpr std::size_t kLeast = 40;   ///< columns, however narrow the screen is
constexpr std::size_t kMost = 100;   ///< where there is no terminal, and on the widest
constexpr std::size_t kIndent = 26;  ///< where explanations begin

struct Screen {
  std::size_t width;
  bool bold;

  std::string title(const std::string& text) const { return "\n" + (bold ? "\x1b[1m" + text + "\x1b[0m" : text) + "\n"; }

  /// Paragraphs; what begins with a blank stays as it is.
  std::string prose(const std::string& text) const {
    std::string out;
    for (const std::string& line : split_lines(text)) {
      if (line.starts_with(' ')) {
        out += line + "\n";
        continue;
      }
      for (const std::string& each : wrap_text(line, width, LongWords::keep)) out += each + "\n";
    }
    return out;
  }

  /// "  --name     meaning", broken into lines of its own column.
  std::string entry(const std::string& name, const std::string& meaning) const {
    const std::size_t indent = std::min(kIndent, width / 3);
    std::string out = "  " + name;
    if (columns_of(out) + 2 > indent)
      out += "\n" + std::string(indent, ' ');
    else
      out += std::string(indent - columns_of(out), ' ');
    const auto lines = wrap_text(meaning, width - indent, LongWords::keep);
    for (std::size_t i = 0; i < lines.size(); ++i) out += (i > 0 ? std::string(indent, ' ') : "") + lines[i] + "\n";
    return out;
  }
};

}  // namespace

std::string help_text(const CommandDescription& command, std::size_t width, bool bold) {
  const Screen screen{std::max(width, kLeast), bold};
  std::string text = screen.prose(command.summary);
  text += screen.title("Usage");
  text += "  " + command.usage() + "\n";
  if (!command.guide.about.empty()) text += "\n" + screen.prose(command.guide.about);
  std::vector<std::string> groups;
  for (const CommandDescription& each : command.commands) {
    if (std::find(groups.begin(), groups.end(), each.group) == groups.end()) groups.push_back(each.group);
  }
  for (const std::string& group : groups) {
    text += screen.title(group);
    for (const CommandDescription& each : command.commands) {
      if (each.group == group) text += screen.entry(each.last_name(), each.summary);
    }
  }
  if (!command.arguments.empty()) {
    text += screen.title("Arguments");
    for (const OptionDescription& argument : command.arguments)
      text += screen.entry(CommandDescription::heading(argument), CommandDescription::meaning(argument));
  }
  for (const OptionGroup& group : command.groups) {
    text += screen.title(group.title);
    for (const OptionDescription& option : group.options)
      text += screen.entry(CommandDescription::heading(option), CommandDescription::meaning(option));
  }
  if (!command.guide.examples.empty()) {
    text += screen.title("Examples");
    for (const Example& example : command.guide.examples) {
      text += "  " + example.line + "\n";
      if (!example.note.empty()) {
        for (const std::string& line : wrap_text(example.note, screen.width - 6, LongWords::keep)) text += "      " + line + "\n";
      }
    }
  }
  if (!command.guide.see.empty()) text += "\n" + screen.prose(fmt::format("Next: {}", fmt::join(command.guide.see, ", ")));
  return text;
}

std::string help_text(const CLI::App& app) {
  const auto width = static_cast<std::size_t>(terminal_width(STDOUT_FILENO));
  return help_text(describe(app), width > 0 ? std::min(width, kMost) : kMost, terminal_colours(STDOUT_FILENO));
}

}  // namespace snac::app
