// Generated Verilog in a folder of its own, ready for a tool.
#pragma once

#include <chrono>

#include "snac/codegen/verilog.hpp"
#include "snac/core/files.hpp"
#include "snac/toolchain/verilator.hpp"

namespace snac::codegen {

struct Rtl {
  TemporaryDirectory folder;
  toolchain::SimulationParams simulation;

  void write(const Files& files) {
    for (const auto& [name, text] : files) {
      write_file_atomically(folder.path() / name, text);
      if (name.ends_with(".v")) simulation.sources.push_back(name);
    }
    simulation.directory = folder.path();
    simulation.time_limit = std::chrono::seconds(200);
  }
};

using Simulator = toolchain::SimulationResult (*)(const toolchain::SimulationParams&);

}  // namespace snac::codegen
