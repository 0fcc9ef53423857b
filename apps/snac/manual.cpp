// The description as man pages (troff) and as Markdown.
#include <fmt/format.h>

#include <algorithm>

#include "description.hpp"
#include "snac/core/text_layout.hpp"
#include "snac/flow/config.hpp"

namespace snac::app {
namespace {

// --- troff --------------------------------------------------------------------------------------------------------------------

/// Text that troff prints as it stands.
std::string troff(const std::string& text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    line_start = c == '\n';
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else if (c == '\'')
      out += "\\(aq";
    else if (c == '"')
      out += "\\(dq";
    else
      out += c;
  }
  return out;
}

/// Paragraphs; lines that begin with blanks are examples.
std::string troff_prose(const std::string& text) {
  std::string out;
  bool example = false;
  for (const std::string& line : split_lines(text)) {
    const bool indented = line.starts_with(' ');
    if (indented != example) out += indented ? ".PP\n.EX\n" : ".EE\n.PP\n";
    example = indented;
    out += line.empty() ? std::string(out.ends_with(".PP\n") ? "" : ".PP\n") : troff(line) + "\n";
  }
  return out + (example ? ".EE\n" : "");
}

std::string troff_entry(const std::string& name, const std::string& meaning) {
  return ".TP\n.B " + troff(name) + "\n" + troff(meaning) + "\n";
}

std::string troff_facts(const char* title, const Facts& facts) {
  std::string out = fmt::format(".SH {}\n", title);
  for (const auto& [name, meaning] : facts) out += troff_entry(name, meaning);
  return out;
}

std::string troff_heading(const std::string& page, int section) {
  std::string upper = page;
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return fmt::format(".\\\" Written by 'snac docs man'.\n.TH {} {} \"\" \"snac {}\" \"User Commands\"\n", troff(upper), section,
                     SNAC_VERSION);
}

std::string troff_options(const CommandDescription& command, const char* macro) {
  std::string out;
  if (!command.arguments.empty()) {
    out += fmt::format("{} Arguments\n", macro);
    for (const OptionDescription& argument : command.arguments)
      out += troff_entry(CommandDescription::heading(argument), CommandDescription::meaning(argument));
  }
  for (const OptionGroup& group : command.groups) {
    out += fmt::format("{} {}\n", macro, troff(group.title));
    for (const OptionDescription& option : group.options)
      out += troff_entry(CommandDescription::heading(option), CommandDescription::meaning(option));
  }
  return out;
}

std::string troff_examples(const CommandDescription& command) {
  std::string out;
  for (const Example& example : command.guide.examples) {
    out += ".PP\n.EX\n" + troff(example.line) + "\n.EE\n";
    if (!example.note.empty()) out += ".RS\n" + troff(example.note) + "\n.RE\n";
  }
  return out;
}

/// "snac front" as snac-front(1); other texts stay.
std::string troff_reference(const std::string& text) {
  if (!text.starts_with("snac ")) return troff(text);
  const std::string word = text.substr(5, text.find(' ', 5) - 5);
  return fmt::format("\\fBsnac\\-{}\\fR(1)", troff(word));
}

// --- Markdown -----------------------------------------------------------------------------------------------------------------

constexpr const char* kWritten = "<!-- Written by 'snac docs markdown': change the program, not this file. -->\n";

/// Text in a cell of a table.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '<' || c == '>' || c == '*' || c == '_') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string code(const std::string& text) {
  std::string out = "`";
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out + "`";
}

std::string markdown_prose(const std::string& text) {
  std::string out;
  bool example = false;
  for (const std::string& line : split_lines(text)) {
    const bool indented = line.starts_with(' ');
    if (indented != example) out += indented ? "```\n" : "```\n\n";
    example = indented;
    out += (indented ? line.substr(2) : line) + "\n";
  }
  return out + (example ? "```\n" : "");
}

std::string markdown_options(const std::string& title, const std::vector<OptionDescription>& options) {
  std::string out = fmt::format("\n**{}**\n\n| option | meaning |\n|---|---|\n", title);
  for (const OptionDescription& option : options)
    out += fmt::format("| {} | {} |\n", code(CommandDescription::heading(option)), cell(CommandDescription::meaning(option)));
  return out;
}

std::string markdown_body(const CommandDescription& command, const std::string& heading) {
  std::string out = fmt::format("{} {}\n{}\n\n```\n{}\n```\n", heading, command.name, command.summary, command.usage());
  if (!command.guide.about.empty()) out += "\n" + markdown_prose(command.guide.about);
  if (!command.commands.empty()) {
    out += "\n| command | does |\n|---|---|\n";
    for (const CommandDescription& each : command.commands) out += fmt::format("| {} | {} |\n", code(each.name), cell(each.summary));
  }
  if (!command.guide.examples.empty()) {
    out += "\n```\n";
    for (const Example& example : command.guide.examples) {
      if (!example.note.empty()) out += "# " + example.note + "\n";
      out += example.line + "\n";
    }
    out += "```\n";
  }
  if (!command.arguments.empty()) out += markdown_options("Arguments", command.arguments);
  for (const OptionGroup& group : command.groups) out += markdown_options(group.title, group.options);
  if (!command.guide.see.empty()) {
    std::vector<std::string> links;
    for (const std::string& each : command.guide.see) {
      if (each.starts_with("snac "))
        links.push_back(fmt::format("[{}]({}.md)", each, each.substr(5, each.find(' ', 5) - 5)));
      else
        links.push_back(fmt::format("[{0}](../{0})", each.starts_with("docs/") ? each.substr(5) : "../" + each));
    }
    out += fmt::format("\nNext: {}\n", fmt::join(links, ", "));
  }
  for (const CommandDescription& each : command.commands) out += "\n" + markdown_body(each, heading + "#");
  return out;
}

std::string markdown_facts(const char* title, const char* left, const Facts& facts) {
  std::string out = fmt::format("\n## {}\n| {} | meaning |\n|---|---|\n", title, left);
  for (const auto& [name, meaning] : facts) out += fmt::format("| {} | {} |\n", code(name), cell(meaning));
  return out;
}

/// Keys of a configuration below their section; keys of the top level have a section without a name.
struct Section {
  std::string path, help;
  std::vector<Fields::Entry> keys;
};

std::vector<Section> sections() {
  std::vector<Section> all(1);
  for (const auto& entry : flow::config_reference()) {
    if (entry.type == "section") {
      all.push_back({entry.path, entry.help, {}});
      continue;
    }
    const std::string parent = entry.path.substr(0, entry.path.rfind('.') == std::string::npos ? 0 : entry.path.rfind('.'));
    std::find_if(all.begin(), all.end(), [&](const Section& each) { return each.path == parent; })->keys.push_back(entry);
  }
  return all;
}

}  // namespace

std::string man_page(const CommandDescription& command) {
  std::string page = command.name;
  std::replace(page.begin(), page.end(), ' ', '-');
  std::string out = troff_heading(page, 1);
  out += fmt::format(".SH NAME\n{} \\- {}\n.SH SYNOPSIS\n.B {}\n", troff(page),
                     troff(command.summary.substr(0, command.summary.find('\n'))), troff(command.usage()));
  if (!command.guide.about.empty()) out += ".SH DESCRIPTION\n" + troff_prose(command.guide.about);
  const bool program = command.name.find(' ') == std::string::npos;
  if (!command.commands.empty()) {
    out += ".SH COMMANDS\n";
    for (const CommandDescription& each : command.commands) {
      if (program) {
        out += troff_entry(each.name, each.summary);
        continue;
      }
      out += fmt::format(".SS {}\n{}\n.PP\n.B {}\n", troff(each.name), troff(each.summary), troff(each.usage()));
      if (!each.guide.about.empty()) out += ".PP\n" + troff_prose(each.guide.about);
      std::vector<OptionDescription> options = each.arguments;
      for (std::size_t i = 0; i + 1 < each.groups.size(); ++i)  // the last is what all commands have
        options.insert(options.end(), each.groups[i].options.begin(), each.groups[i].options.end());
      for (const OptionDescription& option : options)
        out += troff_entry(CommandDescription::heading(option), CommandDescription::meaning(option));
      out += troff_examples(each);
    }
  }
  out += ".SH OPTIONS\n" + troff_options(command, ".SS");
  if (!command.guide.examples.empty()) out += ".SH EXAMPLES\n" + troff_examples(command).substr(4);  // no paragraph right behind a heading
  out += troff_facts("\"EXIT STATUS\"", exit_codes());
  if (program) out += troff_facts("ENVIRONMENT", environment()) + troff_facts("FILES", files());
  std::vector<std::string> see;
  if (program) {
    for (const CommandDescription& each : command.commands) see.push_back(troff_reference(each.name));
    see.push_back("\\fBsnac\\-configuration\\fR(5)");
  } else {
    see.push_back("\\fBsnac\\fR(1)");
  }
  for (const std::string& each : command.guide.see) {
    const std::string reference = troff_reference(each);
    if (std::find(see.begin(), see.end(), reference) == see.end()) see.push_back(reference);
  }
  out += fmt::format(".SH \"SEE ALSO\"\n{}\n", fmt::join(see, ",\n"));
  return out;
}

std::string markdown_page(const CommandDescription& command) { return kWritten + markdown_body(command, "#"); }

std::string markdown_index(const CommandDescription& program) {
  std::string out = std::string(kWritten) + "# Commands\n" + program.summary + "\n";
  if (!program.guide.about.empty()) out += "\n" + markdown_prose(program.guide.about);
  std::vector<std::string> groups;
  for (const CommandDescription& each : program.commands) {
    if (std::find(groups.begin(), groups.end(), each.group) != groups.end()) continue;
    groups.push_back(each.group);
    out += fmt::format("\n## {}\n| command | does |\n|---|---|\n", each.group);
    for (const CommandDescription& member : program.commands) {
      if (member.group == each.group) out += fmt::format("| [{}]({}.md) | {} |\n", member.name, member.last_name(), cell(member.summary));
    }
  }
  out += "\n## Examples\n```\n";
  for (const Example& example : program.guide.examples)
    out += (example.note.empty() ? "" : "# " + example.note + "\n") + example.line + "\n";
  out += "```\n";
  for (const OptionGroup& group : program.groups) out += markdown_options("Options of every command", group.options);
  out += markdown_facts("Exit codes", "code", exit_codes());
  out += markdown_facts("Environment", "variable", environment());
  out += markdown_facts("Files", "path", files());
  return out;
}

std::string configuration_man_page() {
  std::string out = troff_heading("snac-configuration", 5);
  out += ".SH NAME\nsnac\\-configuration \\- the keys of a study's YAML file\n.SH DESCRIPTION\n" +
         troff(
             "A study is one YAML file. Every key has a default or says that it must be given; unknown keys are errors that name the "
             "nearest known one. On the command line '--set section.key=value' changes a key.") +
         "\n";
  for (const Section& section : sections()) {
    if (!section.path.empty()) out += fmt::format(".SH {}\n{}\n", troff(section.path), troff(section.help));
    for (const auto& entry : section.keys)
      out +=
          troff_entry(entry.path, fmt::format("{} ({}{})", entry.help, entry.type, entry.value.empty() ? "" : "; default " + entry.value));
  }
  return out + ".SH \"SEE ALSO\"\n\\fBsnac\\fR(1),\n\\fBsnac\\-show\\-config\\fR(1)\n";
}

std::string configuration_markdown() {
  std::string out =
      std::string(kWritten) +
      "# Keys of a configuration\nEvery key with its default, its type and range, and its meaning, as 'snac show-config --keys' "
      "prints them. What they do together: [configuration](configuration.md).\n";
  for (const Section& section : sections()) {
    out += section.path.empty() ? "\n" : fmt::format("\n## {}\n{}\n\n", section.path, section.help);
    if (section.keys.empty()) continue;
    out += "| key | default | type and range | meaning |\n|---|---|---|---|\n";
    for (const auto& entry : section.keys)
      out += fmt::format("| {} | {} | {} | {} |\n", code(entry.path), entry.value.empty() ? "" : code(entry.value), cell(entry.type),
                         cell(entry.help));
  }
  return out;
}

}  // namespace snac::app
