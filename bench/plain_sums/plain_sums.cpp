// LUTs by Yosys of a trained network written as plain `x * constant` sums, as plain adder trees and as shared adder graphs.
// The plain text is checked first: its simulation must give the integers of the network on random vectors.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "machine.hpp"
#include "plain_verilog.hpp"
#include "program.hpp"
#include "snac/circuit/lower.hpp"
#include "snac/codegen/verilog.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/core/rng.hpp"
#include "snac/fixed/interpreter.hpp"
#include "snac/toolchain/verilator.hpp"
#include "snac/toolchain/yosys.hpp"

namespace snac::bench {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& folder, const codegen::Files& files) {
  fs::create_directories(folder);
  for (const auto& [name, text] : files) write_file_atomically(folder / name, text);
}

/// The recipe of the report's LUTs, and the one that a user of Yosys types.
Json synthesised(const fs::path& folder, const codegen::Files& files) {
  write(folder, files);
  toolchain::YosysResult pinned =
      toolchain::synthesize_with_yosys({.top = "snac_top", .sources = codegen::source_names(files), .directory = folder});
  std::string script;
  for (const auto& source : codegen::source_names(files)) script += "read_verilog -defer " + source + "; ";
  script += "synth_xilinx -top snac_top -family xcup -flatten -noiopad -noclkbuf -nodsp -nowidelut; tee -q -o stock.json stat -json";
  const auto run = toolchain::run_process({"yosys", "-Q", "-q", "-p", script}, {.directory = folder});
  if (run.exit_code != 0)
    throw ToolError("Yosys failed", {.where = folder.string(), .found = toolchain::log_tail(run.output), .expected = {}, .hint = {}});
  toolchain::YosysResult stock;
  stock.cells = toolchain::parse_cell_counts(read_file(folder / "stock.json"));
  toolchain::count_resources(stock);
  return {{"pinned_recipe", {{"lut", pinned.lut}, {"ff", pinned.ff}, {"seconds", pinned.seconds}}},
          {"synth_xilinx", {{"lut", stock.lut}, {"ff", stock.ff}, {"seconds", run.seconds}}}};
}

struct Options {
  std::string model, folder, json;
  std::vector<std::string> ways{"plain_sums", "csd_trees", "shared", "shared_high"};
  int vectors = 10000;
  bool wants(const std::string& way) const { return std::find(ways.begin(), ways.end(), way) != ways.end(); }
};

/// The plain text against the network's interpreter, with the test bench of the generated Verilog.
void check(const fixed::FixedNet& net, const fs::path& folder, codegen::Files files, int vectors) {
  Rng rng(1);
  std::vector<std::int64_t> inputs;
  for (int v = 0; v < vectors; ++v) {
    for (std::size_t i = 0; i < net.input.size(); ++i) {
      const fixed::FixedType& type = net.input.type(i);
      inputs.push_back(type.min_raw() + static_cast<std::int64_t>(rng.below(std::uint64_t{1} << type.width)));
    }
  }
  const circuit::Circuit circuit = circuit::lower(net);  // its ports only
  circuit::Schedule schedule = circuit::schedule(circuit);
  schedule.latency = plain_latency(net);
  files.merge(codegen::verilog_testbench(circuit, schedule, {}, inputs, fixed::run(net, inputs)));
  write(folder, files);
  const auto result = toolchain::simulate_with_verilator({.sources = codegen::source_names(files), .directory = folder});
  if (!result.passed)
    throw ToolError("the plain text is not the network", {.where = folder.string(), .found = result.log, .expected = {}, .hint = {}});
}

void run(const Options& options) {
  const fixed::FixedNet net = fixed::load_fixed_net(options.model);
  const auto count = fixed::count_weights(net);
  Json report{{"benchmark", "plain_sums"},
              {"machine", machine()},
              {"yosys", toolchain::tool_version("yosys", {"-V"})},
              {"weights", count.total},
              {"nonzero_weights", count.nonzero},
              {"checked_vectors", options.vectors},
              {"ways", Json::object()}};
  const fs::path folder = options.folder;
  const auto add = [&](const std::string& name, const codegen::Files& files, Json facts) {
    facts.update(synthesised(folder / name, files));
    std::printf("%-12s %8ld LUT, %8ld with synth_xilinx\n", name.c_str(), facts["pinned_recipe"]["lut"].get<long>(),
                facts["synth_xilinx"]["lut"].get<long>());
    std::fflush(stdout);
    report["ways"][name] = std::move(facts);
  };
  if (options.wants("plain_sums")) {
    const codegen::Files plain{{"snac_top.v", plain_verilog(net, "snac_top")}};
    check(net, folder / "check", plain, options.vectors);
    std::fprintf(stderr, "plain sums: %d vectors agree\n", options.vectors);
    add("plain_sums", plain, {{"latency", plain_latency(net)}});
  }
  for (const auto& [name, cmvm] : {std::pair<std::string, circuit::CmvmParams>{"csd_trees", {.strategy = circuit::Strategy::csd}},
                                   {"shared", {}},
                                   {"shared_high", {.effort = circuit::Effort::high}}}) {
    if (!options.wants(name)) continue;
    const circuit::Circuit circuit = circuit::lower(net, {.cmvm = cmvm});
    const circuit::Schedule schedule = circuit::schedule(circuit);
    add(name, codegen::verilog(circuit, schedule), {{"latency", schedule.latency}});
  }
  if (!options.json.empty()) write_file_atomically(options.json, report.dump(1) + "\n");
}

}  // namespace
}  // namespace snac::bench

int main(int argc, char** argv) {
  CLI::App app("LUTs by Yosys: plain sums of products, adder trees, shared adder graphs");
  snac::bench::Options options;
  app.add_option("--model", options.model, "fixed_net.json")->required();
  app.add_option("--folder", options.folder, "Folder for Verilog and logs")->required();
  app.add_option("--vectors", options.vectors, "Random vectors that check the plain text")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000000));
  app.add_option("--ways", options.ways, "Which of the four to write and synthesise: an hour's work can be done in parts")
      ->check(CLI::IsMember(std::vector<std::string>{"plain_sums", "csd_trees", "shared", "shared_high"}));
  app.add_option("--json", options.json, "Write the report here");
  return snac::bench::run_program(app, argc, argv, [&] { snac::bench::run(options); });
}
