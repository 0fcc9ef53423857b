// snac surrogate: estimates from figures that others reported. One file per group of subcommands.
#include "commands.hpp"

namespace snac::app {

void add_surrogate(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("surrogate", "Fit, judge and use estimators of other tool flows");
  command->require_subcommand(1);
  add_hls_surrogate(*command, action);
}

}  // namespace snac::app
