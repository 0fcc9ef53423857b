#include "snac/core/interrupt.hpp"

#include <csignal>

#include "snac/core/error.hpp"

namespace snac {
namespace {

volatile std::sig_atomic_t requested = 0;

extern "C" void on_signal(int signal_number) {
  if (requested != 0) {
    std::signal(signal_number, SIG_DFL);
    std::raise(signal_number);
  }
  requested = 1;
}

}  // namespace

void install_interrupt_handler() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error of the write, not a silent death
}

bool interrupt_requested() noexcept { return requested != 0; }

void throw_if_interrupted() {
  if (requested != 0) throw Interrupted();
}

void request_interrupt(bool value) noexcept { requested = value ? 1 : 0; }

}  // namespace snac
