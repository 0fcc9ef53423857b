// Ctrl-C and SIGTERM as a flag that long work looks at between its steps.
#pragma once

namespace snac {

/// Installs the handlers; the second Ctrl-C ends the process at once.
void install_interrupt_handler();
bool interrupt_requested() noexcept;
/// @throws Interrupted if a stop was asked for.
void throw_if_interrupted();
/// For tests: sets or clears the flag.
void request_interrupt(bool value) noexcept;

}  // namespace snac
