// A command of the program with everything that is said about it. Help, man pages, pages of documentation and shell completion are
// all made of this description (description.hpp), so that they cannot disagree.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace snac::app {

struct Example {
  std::string line;  ///< as typed in the project's folder, "snac run --config configs/jets_quick.yaml"
  std::string note;  ///< what it does, in a few words
};

struct Guide {
  std::string about = {};              ///< paragraphs with an empty line between them; lines that begin with blanks stay as they are
  std::vector<Example> examples = {};  ///< in the order of a first day's use
  std::vector<std::string> see = {};   ///< what to read next: "snac front", "docs/exchange.md"
};

/// What a command's value is, for help and completion; anything else is free text.
inline constexpr const char* kFile = "FILE";
inline constexpr const char* kFolder = "FOLDER";
inline constexpr const char* kDevice = "DEVICE";
inline constexpr const char* kSetting = "KEY=VALUE";

class Command : public CLI::App {
 public:
  Command(CLI::App* parent, const std::string& name, const std::string& summary, Guide guide)
      : CLI::App(summary, name, parent), guide_(std::move(guide)) {}
  const Guide& guide() const noexcept { return guide_; }

 private:
  Guide guide_;
};

/// The whole command line.
class Program : public Command {
 public:
  Program(const std::string& summary, Guide guide) : Command(nullptr, "snac", summary, std::move(guide)) {}
};

/// @param summary  one line: what it is for
CLI::App* add_command(CLI::App& parent, const std::string& name, const std::string& summary, Guide guide);

/// Documents the values of an option that are checked elsewhere: help and completion name them.
CLI::Validator known_values(const std::vector<std::string>& values);

}  // namespace snac::app
