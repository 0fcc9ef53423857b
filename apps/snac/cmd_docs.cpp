// snac docs: man pages and pages of documentation, from the description of the command line. snac help: help by name.
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <memory>

#include "commands.hpp"
#include "description.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"

namespace snac::app {
namespace {

struct Options {
  std::string form, output;
  bool json = false;
};

void require_readable_examples(const CommandDescription& command) {
  for (const Example& example : command.guide.examples) {
    if (!example.line.starts_with("snac ")) continue;
    require_readable(example.line.substr(0, example.line.find(" > ")));
  }
  for (const CommandDescription& each : command.commands) require_readable_examples(each);
}

/// File name -> text.
std::map<std::string, std::string> pages(const CommandDescription& program, const std::string& form) {
  std::map<std::string, std::string> files;
  const bool man = form == "man";
  for (const CommandDescription& each : program.commands) {
    files[man ? "snac-" + each.last_name() + ".1" : "commands/" + each.last_name() + ".md"] = man ? man_page(each) : markdown_page(each);
  }
  if (man) {
    files["snac.1"] = man_page(program);
    files["snac-configuration.5"] = configuration_man_page();
  } else {
    files["commands/README.md"] = markdown_index(program);
    files["configuration-keys.md"] = configuration_markdown();
  }
  return files;
}

int write(const CLI::App& app, const Options& options) {
  const CommandDescription program = describe(app);
  require_readable_examples(program);
  std::string text;
  Json json = Json::array();
  for (const auto& [name, page] : pages(program, options.form)) {
    const std::string file = (std::filesystem::path(options.output) / name).string();
    write_file_atomically(file, page);
    text += file + "\n";
    json.push_back(file);
  }
  if (options.json)
    print_json(json);
  else
    print(text);
  return 0;
}

}  // namespace

void add_docs(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      app, "docs", "Write the man pages or the Markdown pages of all commands",
      {.about = "Both are made of the same description as --help. man: snac.1, a page per command, and snac-configuration.5. markdown: "
                "commands/*.md and configuration-keys.md, which are kept in docs/.",
       .examples = {{"snac docs man -o man", "then: man -l man/snac-run.1"}, {"snac docs markdown -o docs", "after a change of options"}},
       .see = {"snac help", "snac show-config"}});
  command->group(kOtherCommands);
  command->add_option("form", options->form, "man or markdown")->required()->check(CLI::IsMember({"man", "markdown"}));
  command->add_option("-o,--output", options->output, "Folder to write to")->required()->type_name(kFolder);
  command->add_flag("--json", options->json, "Print the names of the files as JSON");
  command->callback([&app, &action, options] { action = [&app, options] { return write(app, *options); }; });
}

void add_help(CLI::App& app, Action& action) {
  auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* command =
      add_command(app, "help", "Explain a command, as its --help does",
                  {.examples = {{"snac help front", ""}, {"snac help surrogate train", "a command of a command"}}, .see = {"snac docs"}});
  command->group(kOtherCommands);
  command->add_option("command", *words, "Its name; none: the whole program");
  command->callback([&app, &action, words] {
    action = [&app, words] {
      const CLI::App* found = &app;
      for (const std::string& word : *words) {
        std::vector<std::string> names;
        const CLI::App* next = nullptr;
        for (const CLI::App* each : found->get_subcommands([](const CLI::App*) { return true; })) {
          names.push_back(each->get_name());
          if (each->get_name() == word) next = each;
        }
        if (next == nullptr) {
          throw Error(ExitCode::usage, "unknown command",
                      {.where = "snac help", .found = "'" + word + "'", .expected = "a command", .hint = suggest(word, names)});
        }
        found = next;
      }
      print(help_text(*found));
      return 0;
    };
  });
}

}  // namespace snac::app
