// snac completion: what a shell needs to complete our command lines.
#include <memory>

#include "commands.hpp"
#include "description.hpp"

namespace snac::app {

void add_completion(CLI::App& app, Action& action) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = add_command(
      app, "completion", "Print the completion script of a shell: bash, zsh or fish",
      {.about = "Completes commands, options, values that are known, files and folders, and after --set the keys of a configuration and "
                "their values. 'cmake --install' puts the scripts where the shells look for them; elsewhere:",
       .examples = {{"source <(snac completion bash)", "for this shell; in ~/.bashrc for every one"},
                    {"snac completion zsh > ~/.zfunc/_snac", "with 'fpath=(~/.zfunc $fpath)' before compinit in ~/.zshrc"},
                    {"snac completion fish > ~/.config/fish/completions/snac.fish", ""}},
       .see = {"snac help"}});
  command->group(kOtherCommands);
  command->add_option("shell", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([&app, &action, shell] {
    action = [&app, shell] {
      print(completion_script(describe(app), *shell));
      return 0;
    };
  });
}

}  // namespace snac::app
