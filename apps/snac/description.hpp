// The command line as data: what CLI11 knows of commands and options, with their guides.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <utility>
#include <vector>

#include "command.hpp"

namespace snac::app {

struct OptionDescription {
  std::vector<std::string> names;    ///< "-c", "--config"; of a positional argument its name
  std::string value;                 ///< "FILE"; empty = a flag
  std::vector<std::string> choices;  ///< all values, if they are known
  std::string range, default_value, help;
  bool required = false, repeated = false;
  std::vector<std::string> needs, excludes;
};

struct OptionGroup {
  std::string title;
  std::vector<OptionDescription> options;
};

struct CommandDescription {
  std::string name;     ///< with its parents: "snac surrogate train"
  std::string summary;  ///< one line
  std::string group;    ///< the heading under which its parent lists it
  Guide guide;
  std::vector<OptionDescription> arguments;  ///< positional
  std::vector<OptionGroup> groups;           ///< "General", which every command has, is the last
  std::vector<CommandDescription> commands;

  std::string last_name() const { return name.substr(name.rfind(' ') + 1); }
  /// "snac synth -m MODEL -o FOLDER [options]".
  std::string usage() const;
  /// "a; one of b, c; default d": everything about an option but its name.
  static std::string meaning(const OptionDescription& option);
  /// "-c, --config FILE".
  static std::string heading(const OptionDescription& option);
};

CommandDescription describe(const CLI::App& app);

using Facts = std::vector<std::pair<std::string, std::string>>;
Facts exit_codes();
Facts environment();
Facts files();

/// For a screen. @param width  columns; bold headings with the terminal's codes
std::string help_text(const CommandDescription& command, std::size_t width, bool bold);
/// The same for standard output as it is: a terminal or not.
std::string help_text(const CLI::App& app);
/// troff, section 1. A command's page has its sub-commands in it.
std::string man_page(const CommandDescription& command);
std::string markdown_page(const CommandDescription& command);
/// The page that lists all commands, exit codes, environment and files.
std::string markdown_index(const CommandDescription& program);
/// Every key of a configuration: as troff, section 5, and as Markdown.
std::string configuration_man_page();
std::string configuration_markdown();

/// @param shell  bash, zsh or fish
std::string completion_script(const CommandDescription& program, const std::string& shell);

}  // namespace snac::app
