// Shell completion, written from the description of the command line: sub-commands, options, values that are known, files and
// folders, keys of a configuration. The scripts need nothing but the shell itself and never start the program.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "description.hpp"
#include "snac/core/error.hpp"
#include "snac/cost/device.hpp"
#include "snac/flow/config.hpp"

namespace snac::app {
namespace {

/// In single quotes of a POSIX shell.
std::string shell_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// fish knows \' and \\ in single quotes.
std::string fish_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "'";
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::vector<std::string> device_names() {
  std::vector<std::string> names;
  for (const cost::Device& device : cost::known_devices()) {
    for (const std::string& name : {device.name, device.board}) {
      if (!name.empty() && name.find(' ') == std::string::npos && std::find(names.begin(), names.end(), name) == names.end())
        names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

struct Key {
  std::string path, help;
  std::vector<std::string> values;  ///< if they are known
};

std::vector<Key> keys() {
  std::vector<Key> all;
  for (const auto& entry : flow::config_reference()) {
    if (entry.type == "section") continue;
    Key key{entry.path, entry.help, {}};
    std::string type = entry.type;
    if (type == "true or false") type = "true | false";
    if (const std::size_t bar = type.find(" | "); bar != std::string::npos) {
      for (std::size_t at = 0; at <= type.size();) {
        const std::size_t end = std::min(type.find(" | ", at), type.size());
        key.values.push_back(type.substr(at, end - at));
        at = end + 3;
      }
      const bool words = std::all_of(key.values.begin(), key.values.end(),
                                     [](const std::string& value) { return value.find_first_of(" ,<>()'\"") == std::string::npos; });
      if (!words) key.values.clear();
    }
    if (entry.path == "target.device") key.values = device_names();
    all.push_back(std::move(key));
  }
  return all;
}

/// What stands for an option's or argument's value.
std::vector<std::string> known(const OptionDescription& option) {
  if (!option.choices.empty()) return option.choices;
  return option.value == kDevice ? device_names() : std::vector<std::string>{};
}

void for_each_command(const CommandDescription& command, const std::function<void(const CommandDescription&)>& body) {
  body(command);
  for (const CommandDescription& each : command.commands) for_each_command(each, body);
}

template <class Body>
void for_each_option(const CommandDescription& command, const Body& body) {
  for (const OptionGroup& group : command.groups) {
    for (const OptionDescription& option : group.options) body(option);
  }
}

std::string names_of(const CommandDescription& command) {
  std::string text;
  for (const CommandDescription& each : command.commands) text += (text.empty() ? "" : " ") + each.last_name();
  return text;
}

// --- bash ---------------------------------------------------------------------------------------------------------------------

std::string bash_action(const OptionDescription& option) {
  if (const auto values = known(option); !values.empty()) return fmt::format("words {}", fmt::join(values, " "));
  return option.value == kFile ? "files" : option.value == kFolder ? "folders" : option.value == kSetting ? "settings" : "nothing";
}

std::string bash(const CommandDescription& program) {
  std::string commands, options, values, arguments, settings;
  for_each_command(program, [&](const CommandDescription& command) {
    std::string words;
    for_each_option(command, [&](const OptionDescription& option) {
      words += fmt::format("{}{}", words.empty() ? "" : " ", fmt::join(option.names, " "));
      if (option.value.empty()) return;
      std::string patterns;
      for (const std::string& name : option.names) patterns += (patterns.empty() ? "" : " | ") + shell_quoted(command.name + " " + name);
      values += fmt::format("    {}) echo {} ;;\n", patterns, shell_quoted(bash_action(option)));
    });
    options += fmt::format("    {}) echo {} ;;\n", shell_quoted(command.name), shell_quoted(words));
    if (!command.commands.empty())
      commands += fmt::format("    {}) echo {} ;;\n", shell_quoted(command.name), shell_quoted(names_of(command)));
    if (!command.arguments.empty())
      arguments += fmt::format("    {}) echo {} ;;\n", shell_quoted(command.name), shell_quoted(bash_action(command.arguments.front())));
  });
  std::string paths;
  for (const Key& key : keys()) {
    paths += (paths.empty() ? "" : " ") + key.path;
    if (!key.values.empty())
      settings += fmt::format("    {}) echo {} ;;\n", key.path, shell_quoted(fmt::format("{}", fmt::join(key.values, " "))));
  }
  return "# bash completion for snac, written by 'snac completion bash'.\n"
         "_snac_commands() {\n  case \"$1\" in\n" +
         commands +
         "  esac\n}\n"
         "_snac_options() {\n  case \"$1\" in\n" +
         options +
         "  esac\n}\n"
         "_snac_value() {\n  case \"$1\" in\n" +
         values +
         "  esac\n}\n"
         "_snac_argument() {\n  case \"$1\" in\n" +
         arguments +
         "  esac\n}\n"
         "_snac_setting() {\n  case \"$1\" in\n" +
         settings +
         "  esac\n}\n"
         "_snac_keys=" +
         shell_quoted(paths) + "\n" +
         R"bash(
# Candidates for the word "$2" by what "$1" says.
_snac_reply() {
  local word=$2 key
  case "$1" in
    words*) COMPREPLY=($(compgen -W "${1#words}" -- "$word")) ;;
    files) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    folders) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    settings)
      if [[ $word == *=* ]]; then
        key=${word%%=*}
        COMPREPLY=($(compgen -P "$key=" -W "$(_snac_setting "$key")" -- "${word#*=}"))
        # Readline replaces only what stands behind the last word break.
        [[ $COMP_WORDBREAKS == *=* ]] && COMPREPLY=("${COMPREPLY[@]#*=}")
      else
        compopt -o nospace 2>/dev/null
        COMPREPLY=($(compgen -S = -W "$_snac_keys" -- "$word"))
      fi ;;
  esac
}

_snac() {
  COMPREPLY=()
  # The shell cuts words at '=': put them together again.
  local -a words=()
  local i joined=
  for ((i = 0; i <= COMP_CWORD; i++)); do
    if [[ ${#words[@]} -gt 0 && ( ${COMP_WORDS[i]} == = || $joined ) ]]; then
      words[${#words[@]}-1]+=${COMP_WORDS[i]}
      [[ ${COMP_WORDS[i]} == = ]] && joined=1 || joined=
    else
      words+=("${COMP_WORDS[i]}")
    fi
  done
  local last=$((${#words[@]} - 1)) command=snac expects= seen=0 word
  for ((i = 1; i < last; i++)); do
    word=${words[i]}
    if [[ $expects ]]; then expects=; continue; fi
    if [[ $word == -* ]]; then
      [[ $word != *=* ]] && expects=$(_snac_value "$command $word")
    elif [[ " $(_snac_commands "$command") " == *" $word "* ]]; then
      command+=" $word"
    else
      seen=$((seen + 1))
    fi
  done
  word=${words[last]}
  if [[ $expects ]]; then
    _snac_reply "$expects" "$word"
  elif [[ $word == --*=* ]]; then
    _snac_reply "$(_snac_value "$command ${word%%=*}")" "${word#*=}"
  elif [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$(_snac_options "$command")" -- "$word"))
  elif [[ $(_snac_commands "$command") ]]; then
    COMPREPLY=($(compgen -W "$(_snac_commands "$command")" -- "$word"))
  else
    _snac_reply "$(_snac_argument "$command")" "$word"
    [[ ! $word && ${#COMPREPLY[@]} -eq 0 ]] && COMPREPLY=($(compgen -W "$(_snac_options "$command")"))
  fi
  return 0
}
complete -F _snac snac
)bash";
}

// --- zsh ----------------------------------------------------------------------------------------------------------------------

/// Inside the brackets and colons of an _arguments specification.
std::string zsh_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_action(const OptionDescription& option) {
  if (const auto values = known(option); !values.empty()) return fmt::format("({})", fmt::join(values, " "));
  return option.value == kFile ? "_files" : option.value == kFolder ? "_files -/" : option.value == kSetting ? "_snac_settings" : " ";
}

std::string zsh_function(const CommandDescription& command) {
  std::string name = "_" + command.name;
  std::replace(name.begin(), name.end(), ' ', '_');
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::string zsh(const CommandDescription& program) {
  std::string out = "#compdef snac\n# zsh completion for snac, written by 'snac completion zsh'.\n";
  for_each_command(program, [&](const CommandDescription& command) {
    out += "\n" + zsh_function(command) + "() {\n  local context state state_descr line\n  typeset -A opt_args\n  _arguments -C";
    for_each_option(command, [&](const OptionDescription& option) {
      const std::string exclusive = option.repeated ? "*" : fmt::format("({})", fmt::join(option.names, " "));
      for (const std::string& each : option.names) {
        std::string specification = exclusive + each + (!option.value.empty() && each.starts_with("--") ? "=" : "");
        specification += "[" + zsh_text(first_line(option.help)) + "]";
        if (!option.value.empty()) specification += ":" + zsh_text(option.value) + ":" + zsh_action(option);
        out += " \\\n    " + shell_quoted(specification);
      }
    });
    for (std::size_t i = 0; i < command.arguments.size(); ++i) {
      const OptionDescription& argument = command.arguments[i];
      out += " \\\n    " + shell_quoted(fmt::format("{}:{}:{}", argument.repeated ? "*" : std::to_string(i + 1),
                                                    zsh_text(argument.names.front()), zsh_action(argument)));
    }
    if (!command.commands.empty()) {
      out += " \\\n    '1:command:->command' \\\n    '*::argument:->argument'\n  case $state in\n    command)\n      local -a commands=(\n";
      for (const CommandDescription& each : command.commands)
        out += "        " + shell_quoted(zsh_text(each.last_name()) + ":" + first_line(each.summary)) + "\n";
      out += "      )\n      _describe command commands ;;\n    argument)\n      case $line[1] in\n";
      for (const CommandDescription& each : command.commands)
        out += fmt::format("        {}) {} ;;\n", each.last_name(), zsh_function(each));
      out += "      esac ;;\n  esac";
    }
    out += "\n}\n";
  });
  out += "\n_snac_settings() {\n  if compset -P '*='; then\n    local key=${${IPREFIX%=}##*=}\n    case $key in\n";
  std::string paths;
  for (const Key& key : keys()) {
    paths += " " + key.path;
    if (!key.values.empty()) out += fmt::format("      {}) compadd -- {} ;;\n", key.path, fmt::join(key.values, " "));
  }
  return out + "    esac\n  else\n    compadd -S = --" + paths + "\n  fi\n}\n\n" +
         "if [[ $funcstack[1] == _snac ]]; then\n  _snac \"$@\"\nelse\n  compdef _snac snac\nfi\n";
}

// --- fish ---------------------------------------------------------------------------------------------------------------------

std::string fish(const CommandDescription& program) {
  std::string with_value, out;
  for_each_command(program, [&](const CommandDescription& command) {
    const std::string here = "-n " + fish_quoted("__snac_at " + command.name);
    for (const CommandDescription& each : command.commands)
      out += fmt::format("complete -c snac {} -f -a {} -d {}\n", here, each.last_name(), fish_quoted(first_line(each.summary)));
    const auto action = [&](const OptionDescription& option) -> std::string {
      if (const auto values = known(option); !values.empty()) return "-x -a " + fish_quoted(fmt::format("{}", fmt::join(values, " ")));
      if (option.value == kFile) return "-r -F";
      if (option.value == kFolder) return "-x -a '(__fish_complete_directories)'";
      return option.value == kSetting ? "-x -a '(__snac_settings)'" : "-x";
    };
    for_each_option(command, [&](const OptionDescription& option) {
      std::string names;
      for (const std::string& name : option.names) {
        names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
        if (!option.value.empty()) with_value += " " + fish_quoted(command.name + " " + name);
      }
      out += fmt::format("complete -c snac {}{}{} -d {}\n", here, names, option.value.empty() ? "" : " " + action(option),
                         fish_quoted(first_line(option.help)));
    });
    if (!command.arguments.empty() && command.commands.empty()) {
      const std::string what = action(command.arguments.front());
      if (what != "-x") out += fmt::format("complete -c snac {} {}\n", here, what == "-r -F" ? "-F" : "-f " + what.substr(3));
    }
  });
  std::string paths, values;
  for (const Key& key : keys()) {
    paths += fmt::format("    printf '%s=\\t%s\\n' {} {}\n", key.path, fish_quoted(key.help));
    for (const std::string& value : key.values) values += fmt::format("    echo {}\n", fish_quoted(key.path + "=" + value));
  }
  std::string commands;
  for_each_command(program, [&](const CommandDescription& command) {
    if (!command.commands.empty()) commands += " " + fish_quoted(command.name + ": " + names_of(command) + " ");
  });
  return "# fish completion for snac, written by 'snac completion fish'.\n"
         "# The command that is typed so far, without its options.\n"
         "function __snac_command\n"
         "  set -l command snac\n"
         "  set -l expects no\n"
         "  for word in (commandline -opc)[2..]\n"
         "    if test $expects = yes\n"
         "      set expects no\n"
         "    else if string match -q -- '-*' $word\n"
         "      contains -- \"$command $word\"" +
         with_value +
         "; and set expects yes\n"
         "    else if string match -q -- \"$command: * $word *\" (string replace ': ' ':  ' --" +
         commands +
         ")\n"
         "      set command \"$command $word\"\n"
         "    end\n"
         "  end\n"
         "  echo $command\n"
         "end\n"
         "function __snac_at\n"
         "  test (__snac_command) = \"$argv\"\n"
         "end\n"
         "function __snac_settings\n"
         "  if string match -q -- '*=*' (commandline -ct)\n" +
         values + "  else\n" + paths +
         "  end\n"
         "end\n"
         "complete -c snac -f\n" +
         out;
}

}  // namespace

std::string completion_script(const CommandDescription& program, const std::string& shell) {
  if (shell == "bash") return bash(program);
  if (shell == "zsh") return zsh(program);
  if (shell == "fish") return fish(program);
  throw Error(ExitCode::usage, "there is no completion for this shell",
              {.where = "snac completion",
               .found = "'" + shell + "'",
               .expected = "bash, zsh or fish",
               .hint = suggest(shell, {"bash", "zsh", "fish"})});
}

}  // namespace snac::app
