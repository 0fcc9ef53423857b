// What people meet first: help, tables on terminals, JSON, completion, man pages and pages of documentation.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "program.hpp"
#include "snac/core/files.hpp"
#include "snac/core/json.hpp"
#include "snac/core/text_layout.hpp"
#include "snac/toolchain/process.hpp"

namespace snac {
namespace {

namespace fs = std::filesystem;
using program::Outcome;
using program::run;
using program::run_command;

/// Without the codes of colours.
std::string plain(std::string text) {
  for (std::size_t at = 0; (at = text.find("\x1b[", at)) != std::string::npos;) text.erase(at, text.find('m', at) + 1 - at);
  return text;
}

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename().string());
  return names;
}

/// The commands that do something, as words.
std::vector<std::vector<std::string>> all_commands() {
  std::vector<std::vector<std::string>> commands;
  const TemporaryDirectory folder;
  EXPECT_EQ(run({"docs", "markdown", "-o", folder.path().string()}).exit_code, 0);
  for (const auto& name : names_in(folder.path() / "commands")) {
    for (const std::string& line : split_lines(read_file(folder.path() / "commands" / name))) {
      const std::size_t at = line.find("# snac ");
      if (at == std::string::npos || line.find_first_not_of('#') != at + 1) continue;
      std::vector<std::string> words;
      std::string word;
      for (const char c : line.substr(at + 7) + " ") {
        if (c == ' ')
          words.push_back(std::exchange(word, ""));
        else
          word += c;
      }
      // A command of commands does nothing itself.
      if (!commands.empty() && words.size() > 1 && commands.back().size() == 1 && commands.back()[0] == words[0]) commands.pop_back();
      commands.push_back(words);
    }
  }
  return commands;
}

TEST(Terminal, tables_fit_it_and_files_get_everything) {
  const std::vector<std::string> devices{"devices"};
  const Outcome narrow = run(devices, {.terminal_columns = 60, .environment = {{"TERM", "xterm"}, {"NO_COLOR", ""}, {"COLUMNS", ""}}});
  EXPECT_NE(narrow.out.find("\x1b[1m"), std::string::npos);
  for (const std::string& line : split_lines(plain(narrow.out))) EXPECT_LE(columns_of(line), 60U) << line;

  const Outcome file = run(devices, {.environment = {{"COLUMNS", "60"}}});
  EXPECT_EQ(file.out.find('\x1b'), std::string::npos);
  const Outcome wide = run(devices, {.terminal_columns = 60, .environment = {{"TERM", "xterm"}, {"NO_COLOR", "1"}, {"COLUMNS", "300"}}});
  EXPECT_EQ(wide.out, file.out) << "COLUMNS wins, NO_COLOR keeps colours out";
  for (const std::string& line : split_lines(file.out)) {
    if (line.starts_with("xcvu13p")) {
      EXPECT_NE(narrow.out.find(line.substr(0, 7)), std::string::npos);
    }
  }
}

TEST(Terminal, every_command_explains_itself_with_examples_in_any_width) {
  for (const auto& words : all_commands()) {
    std::vector<std::string> arguments = words;
    arguments.emplace_back("--help");
    const Outcome wide = run(arguments);
    EXPECT_EQ(wide.exit_code, 0) << words.front();
    EXPECT_TRUE(wide.err.empty()) << wide.err;
    const std::size_t examples = wide.out.find("\nExamples\n");
    ASSERT_NE(examples, std::string::npos) << wide.out;
    std::size_t count = 0;
    for (const std::string& line : split_lines(wide.out.substr(examples)))
      count += line.find("snac ") != std::string::npos && line.starts_with("  ");
    EXPECT_GE(count, 2U) << wide.out;
    std::vector<std::string> help{"help"};
    help.insert(help.end(), words.begin(), words.end());
    EXPECT_EQ(run(help).out, wide.out);
  }
  const Outcome narrow = run({"--help"}, {.terminal_columns = 60, .environment = {{"COLUMNS", ""}}});
  for (const std::string& line : split_lines(plain(narrow.out))) {
    if (!line.starts_with("  snac") && !line.starts_with("  source")) {
      EXPECT_LE(columns_of(line), 60U) << line;
    }
  }
}

TEST(Terminal, unknown_names_get_the_nearest_ones) {
  const auto expect = [](const std::vector<std::string>& arguments, const std::string& hint) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
    EXPECT_TRUE(outcome.out.empty()) << outcome.out;
    EXPECT_NE(outcome.err.find(hint), std::string::npos) << outcome.err;
  };
  expect({"serch", "--config", "x.yaml"}, "did you mean 'search'?");
  expect({"surrogate", "trian"}, "did you mean 'train'?");
  expect({"front", "--config", "x.yaml", "--stges=search"}, "did you mean '--stage'?");
  expect({"run", "--confg", "x.yaml"}, "did you mean '--config'?");
  expect({"front", "--config", "x.yaml", "--stage", "serch"}, "did you mean 'search'?");
  expect({"run"}, "--config is required");
  expect({"devices", "xcvu13p"}, "too many arguments");
  expect({"help", "fornt"}, "did you mean 'front'?");
  EXPECT_EQ(run({}).exit_code, 2);
}

TEST(Terminal, json_is_alone_on_standard_output_of_every_command_that_prints_data) {
  const TemporaryDirectory folder;
  const std::string study = program::write_toy_study(folder.path()), data = SNAC_SOURCE_DIR "/data/jets8_test.h5";
  const auto in = [&](const char* name) { return (folder.path() / name).string(); };
  const std::string quick = "search.trials=4";
  const std::vector<std::vector<std::string>> commands{
      {"search", "-c", study, "--set", quick},
      {"front", "-c", study, "--set", quick},
      {"report", in("out")},
      {"show-config", "--keys"},
      {"show-config", "-c", study},
      {"data", "info", data},
      {"data", "sample", data, "-o", in("small.h5"), "--rows", "100"},
      {"devices"},
      {"estimate", "4-8-5"},
      {"export", "-c", study, "--set", quick, "-m", "m0", "--format", "onnx", "-o", in("m0.onnx")},
      {"import", in("m0.onnx"), "-o", in("m0.mlp")},
      {"surrogate", "generate", "-c", study, "--networks", "2", "--targets", "1", "-o", in("rows.jsonl")},
      {"docs", "man", "-o", in("man")},
  };
  for (std::vector<std::string> arguments : commands) {
    arguments.emplace_back("--json");
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << arguments[0] << outcome.err;
    EXPECT_TRUE(Json::accept(outcome.out)) << arguments[0] << outcome.out;
  }
  EXPECT_EQ(parse_json(run({"show-config", "-c", study, "--json"}).out, "")["search"]["trials"], 12);
  // The others have it as well; their own tests run them.
  for (const auto& words : all_commands()) {
    if (words[0] == "completion" || words[0] == "help") continue;
    std::vector<std::string> arguments = words;
    arguments.emplace_back("--help");
    EXPECT_NE(run(arguments).out.find("--json"), std::string::npos) << words.back();
  }
}

TEST(Terminal, progress_and_log_share_the_terminal) {
  const TemporaryDirectory folder;
  const std::string study = program::write_toy_study(folder.path());
  const Outcome outcome = run({"search", "-c", study, "--set", "search.trials=8"},
                              {.terminal_columns = 70, .environment = {{"TERM", "xterm"}, {"NO_COLOR", "1"}, {"COLUMNS", ""}}});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.out;
  EXPECT_NE(outcome.out.find("\r\x1b[K"), std::string::npos) << "a line that redraws";
  for (const std::string& line : split_lines(outcome.out)) {
    // What stands at last on each line of the screen.
    const std::size_t last = line.rfind("\r\x1b[K");
    const std::string shown = last == std::string::npos ? line : line.substr(last + 4);
    EXPECT_EQ(shown.find("info:"), shown.starts_with("info:") ? 0 : std::string::npos) << shown;
    if (last != std::string::npos) {
      EXPECT_LT(columns_of(shown), 70U) << shown;
    }
  }
}

TEST(Documentation, pages_in_docs_are_what_the_program_prints) {
  const TemporaryDirectory folder;
  ASSERT_EQ(run({"docs", "markdown", "-o", folder.path().string()}).exit_code, 0);
  const fs::path docs = SNAC_SOURCE_DIR "/docs";
  const std::string hint = "run: snac docs markdown -o docs";
  EXPECT_EQ(names_in(docs / "commands"), names_in(folder.path() / "commands")) << hint;
  for (const auto& name : names_in(folder.path() / "commands"))
    EXPECT_EQ(read_file(docs / "commands" / name), read_file(folder.path() / "commands" / name)) << name << ": " << hint;
  EXPECT_EQ(read_file(docs / "configuration-keys.md"), read_file(folder.path() / "configuration-keys.md")) << hint;
  // Links lead somewhere.
  for (const auto& name : names_in(docs / "commands")) {
    const std::string text = read_file(docs / "commands" / name);
    for (std::size_t at = text.find("]("); at != std::string::npos; at = text.find("](", at + 1)) {
      const std::string target = text.substr(at + 2, text.find(')', at) - at - 2);
      EXPECT_TRUE(fs::exists(docs / "commands" / target)) << name << ": " << target;
    }
  }
}

TEST(Documentation, man_pages_have_no_faults) {
  const TemporaryDirectory folder;
  ASSERT_EQ(run({"docs", "man", "-o", folder.path().string()}).exit_code, 0);
  const auto pages = names_in(folder.path());
  EXPECT_TRUE(pages.contains("snac.1") && pages.contains("snac-surrogate.1") && pages.contains("snac-configuration.5"));
  bool checked = false;
  for (const auto& page : pages) {
    const std::string file = (folder.path() / page).string();
    if (!toolchain::find_program("mandoc").empty()) {
      const Outcome outcome = run_command({"mandoc", "-Tlint", "-Wwarning", file});
      for (const std::string& line : split_lines(outcome.out)) {
        if (line.find("missing date") == std::string::npos) ADD_FAILURE() << line;
      }
      checked = true;
    }
    if (!toolchain::find_program("groff").empty()) {
      const Outcome outcome = run_command({"groff", "-man", "-Tutf8", "-ww", file});
      EXPECT_EQ(outcome.err, "") << page;
      EXPECT_EQ(outcome.exit_code, 0);
      checked = true;
    }
  }
  if (!checked) GTEST_SKIP() << "neither mandoc nor groff is installed: scripts/setup --test";
}

/// What bash offers for the last of the words, cut at '=' as it cuts them.
std::set<std::string> bash_offers(const std::string& words, const std::string& folder) {
  const Outcome outcome = run_command({"bash", "--norc", "-c",
                                       "cd \"$1\" && source <(\"$2\" completion bash) && complete -p snac >/dev/null && "
                                       "COMP_WORDS=(" +
                                           words +
                                           ") && COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) && _snac && "
                                           "printf '%s\\n' \"${COMPREPLY[@]}\"",
                                       "bash", folder, SNAC_PROGRAM});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  const auto lines = split_lines(outcome.out);
  return {lines.begin(), lines.end()};
}

using Offers = std::set<std::string>;

TEST(Completion, bash_completes_commands_options_values_files_and_keys) {
  const TemporaryDirectory folder;
  write_file_atomically(folder.path() / "study.yaml", "");
  fs::create_directory(folder.path() / "stuff");
  const auto offers = [&](const std::string& words) { return bash_offers(words, folder.path().string()); };
  EXPECT_EQ(offers("snac fr"), Offers{"front"});
  EXPECT_EQ(offers("snac surrogate ev"), (Offers{"evaluate", "evaluate-hls"}));
  EXPECT_EQ(offers("snac front --st"), Offers{"--stage"});
  EXPECT_EQ(offers("snac front --stage ''"), (Offers{"compress", "search"}));
  EXPECT_EQ(offers("snac front --stage = co"), Offers{"compress"});
  EXPECT_EQ(offers("snac -q run -c st"), (Offers{"study.yaml", "stuff"}));
  EXPECT_EQ(offers("snac synth -o st"), Offers{"stuff"});
  EXPECT_EQ(offers("snac estimate 24-5 --device xcvu13"), Offers{"xcvu13p"});
  EXPECT_EQ(offers("snac run -c x --set search.tri"), Offers{"search.trials="});
  EXPECT_EQ(offers("snac run -c x --set target.effort = q"), Offers{"quick"});
  EXPECT_EQ(offers("snac completion z"), Offers{"zsh"});
  EXPECT_EQ(offers("snac data info st"), (Offers{"study.yaml", "stuff"}));
}

TEST(Completion, zsh_reads_its_script) {
  if (toolchain::find_program("zsh").empty()) GTEST_SKIP() << "zsh is not installed: scripts/setup --test";
  const TemporaryDirectory folder;
  const std::string script = program::write_text(folder.path() / "_snac", run({"completion", "zsh"}).out);
  EXPECT_EQ(run_command({"zsh", "-n", script}).err, "");
  // A shell in a terminal of its own, asked by the tabulator key.
  const std::string ask =
      "zmodload zsh/zpty; zpty z zsh -f -i; zpty -w z 'PS1=; autoload -U compinit; compinit -u -D; source " + script +
      "; LISTMAX=10000; setopt no_beep; echo re''ady'; zpty -r z out '*ready*'; zpty -w -n z $'snac front --stage \\t'; "
      "for i in {1..100}; do zpty -rt z part && text+=$part; [[ $text == *compress*search* ]] && break; sleep 0.1; done; "
      "print -r -- $text; zpty -d z";
  const Outcome outcome = run_command({"zsh", "-f", "-c", ask}, {.environment = {{"TERM", "xterm"}}});
  EXPECT_NE(outcome.out.find("compress"), std::string::npos) << outcome.out << outcome.err;
}

TEST(Completion, fish_completes_commands_options_values_and_keys) {
  if (toolchain::find_program("fish").empty()) GTEST_SKIP() << "fish is not installed: scripts/setup --test";
  const TemporaryDirectory folder;
  const std::string script = program::write_text(folder.path() / "snac.fish", run({"completion", "fish"}).out);
  EXPECT_EQ(run_command({"fish", "--no-execute", script}).err, "");
  const auto offers = [&](const std::string& line) {
    const Outcome outcome = run_command({"fish", "--no-config", "-c", "source " + script + "; complete -C '" + line + "'"},
                                        {.environment = {{"HOME", folder.path().string()}}});
    EXPECT_EQ(outcome.err, "");
    Offers found;
    for (const std::string& each : split_lines(outcome.out)) found.insert(each.substr(0, each.find('\t')));
    return found;
  };
  EXPECT_EQ(offers("snac fr"), Offers{"front"});
  EXPECT_EQ(offers("snac front --stage "), (Offers{"compress", "search"}));
  EXPECT_EQ(offers("snac surrogate estimate-hls --net"), Offers{"--network"});
  EXPECT_EQ(offers("snac run -c x --set search.tri"), Offers{"search.trials="});
  EXPECT_EQ(offers("snac run -c x --set target.effort=q"), Offers{"target.effort=quick"});
}

}  // namespace
}  // namespace snac
