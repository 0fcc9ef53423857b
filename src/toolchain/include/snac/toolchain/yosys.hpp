// Logic synthesis with Yosys: resource counts of generated Verilog without a vendor tool.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "snac/core/json.hpp"
#include "snac/toolchain/process.hpp"

namespace snac::toolchain {

struct YosysParams {
  std::string top;
  std::vector<std::string> sources;       ///< file names inside `directory`
  std::filesystem::path directory;        ///< must exist; scripts, log and results are written here
  std::string family = "xcup";            ///< as in synth_xilinx: "xcup" UltraScale+, "xcu" UltraScale, "xc7" Series 7, "xc6v" Virtex 6
  std::chrono::seconds time_limit{3600};  ///< of a run of Yosys; 0 = none
  long memory_limit_mib = 0;              ///< of a run of Yosys and ABC together; 0 = none
  /// Folder of results by content: the same Verilog, script and version of Yosys is not synthesised twice. Empty = none.
  /// Damaged entries count as missing.
  std::filesystem::path cache = {};
};

struct YosysResult {
  std::int64_t lut = 0;                       ///< LUT1..LUT6 + INV (Yosys lists inverters apart)
  std::int64_t ff = 0;                        ///< FDRE, FDSE, FDCE, FDPE
  std::int64_t srl = 0;                       ///< SRL16E, SRLC32E: shift registers in LUTs (not counted in lut)
  std::int64_t carry8 = 0;                    ///< CARRY4 cells rounded up to CARRY8 by pairs: a lower bound, chains are not looked at
  std::int64_t dsp = 0;                       ///< the recipe uses none
  std::int64_t bram18 = 0;                    ///< RAMB18 + 2 * RAMB36; the recipe makes tables of LUTs
  std::map<std::string, std::int64_t> cells;  ///< every cell type as reported
  std::string version;
  std::string script;  ///< the exact commands: they move LUT counts by up to 1.8x
  double seconds = 0;
  long peak_memory_kib = 0;
  bool cached = false;  ///< counts, seconds and memory are those of an earlier run
  /// Layer by layer: the cells of each module; else empty.
  std::map<std::string, std::map<std::string, std::int64_t>> modules;
};

inline constexpr FileFormat kYosysCacheFormat{"snac.yosys_result", 1, 1};

/// The pinned recipe (one place): see yosys.cpp. @throws ToolError if Yosys is missing, fails or reaches a limit (the message says which);
/// ConfigError for an unusable top or file name or an unknown family.
YosysResult synthesize_with_yosys(const YosysParams& params);

/// Every module that the top instantiates (a layer, or a part of a large one) on its own, and the top with these as black boxes, on
/// up to `threads` threads; the sum. Faster than the flattened whole and cached by layer, but nothing is optimised across layers
/// (docs/adr/0010). One module per source, "<module>.v"; sources that a layer instantiates (tables) go with it. Limits hold for each
/// run; seconds are those of all runs together. @throws as synthesize_with_yosys, ConfigError if the top has no source.
YosysResult synthesize_layers_with_yosys(const YosysParams& params, int threads);

/// Adds up the cells that `result.cells` lists into the counts above.
void count_resources(YosysResult& result);

/// Reads the cell table of a `stat -json` (or plain stat) output. @throws ToolError if there is none.
std::map<std::string, std::int64_t> parse_cell_counts(const std::string& text);

}  // namespace snac::toolchain
