// Fuzz target of the report readers, in libFuzzer's form: every input goes to every reader. Any bytes are either refused with a DataError
// or give figures that are no less than 0 where they count something, and JSON that can be written.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "snac/core/error.hpp"
#include "snac/toolchain/reports.hpp"

namespace {

using namespace snac;
using namespace snac::toolchain;

void require(bool condition) {
  if (!condition) std::abort();
}

void require_counts(const ReportedResources& resources) {
  const Json json = to_json(resources);
  for (const auto& [name, value] : json.items()) require(value.is_number_integer() && value.get<std::int64_t>() >= 0);
}

template <class Reader>
void read(Reader&& reader, const std::string& text) {
  try {
    const auto report = reader(text, "fuzz");
    require(!to_json(report).dump().empty());  // throws for text that is not UTF-8
    if constexpr (requires { report.used; }) {
      require_counts(report.used);
      require_counts(report.available);
    }
  } catch (const DataError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  read(parse_csynth_xml, text);
  read(parse_csynth_rpt, text);
  read(parse_cosim_rpt, text);
  read(parse_vivado_utilization, text);
  read(parse_vivado_timing, text);
  read(parse_quartus_summary, text);
  read(parse_quartus_timing, text);
  return 0;
}
