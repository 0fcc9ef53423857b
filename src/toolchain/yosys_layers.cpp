// Synthesis layer by layer.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/core/thread_pool.hpp"
#include "snac/toolchain/yosys.hpp"

namespace snac::toolchain {
namespace fs = std::filesystem;
namespace {

std::string stem(const std::string& source) { return fs::path(source).stem().string(); }

/// The known modules that a module instantiates: lines "  <module> <instance> (".
std::vector<std::string> instances(const std::string& text, const std::string& module, const std::map<std::string, std::string>& known) {
  std::vector<std::string> names;
  for (const auto& [name, unused] : known) {
    if (name != module && text.find("\n  " + name + " ") != std::string::npos) names.push_back(name);
  }
  return names;
}

/// The text up to the end of the port list, as a module without content.
std::string black_box(const std::string& text, const std::string& source) {
  const std::size_t begin = text.find("module "), end = text.find(");");
  if (begin == std::string::npos || end == std::string::npos || end < begin) {
    throw ConfigError("not a Verilog module", {.where = source, .found = "no port list", .expected = "one module", .hint = {}});
  }
  return "(* blackbox *)\n" + text.substr(begin, end + 2 - begin) + "\nendmodule\n";
}

}  // namespace

YosysResult synthesize_layers_with_yosys(const YosysParams& params, int threads) {
  std::map<std::string, std::string> texts;
  for (const std::string& source : params.sources) texts[stem(source)] = read_file(params.directory / source);
  if (!texts.contains(params.top)) {
    throw ConfigError("the top module has no source file", {.where = "yosys",
                                                            .found = fmt::format("{} sources", params.sources.size()),
                                                            .expected = params.top + ".v among them",
                                                            .hint = {}});
  }
  const std::vector<std::string> layers = instances(texts.at(params.top), params.top, texts);
  const std::set<std::string> is_layer(layers.begin(), layers.end());
  std::vector<std::string> modules = layers;
  modules.push_back(params.top);

  std::vector<YosysResult> results(modules.size());
  parallel_for(modules.size(), threads, [&](std::size_t k, int) {
    const std::string& module = modules[k];
    YosysParams one = params;
    one.top = module;
    one.directory = params.directory / ("layer_" + module);
    one.sources.clear();
    write_file_atomically(one.directory / (module + ".v"), texts.at(module));
    one.sources.push_back(module + ".v");
    for (const std::string& name : instances(texts.at(module), module, texts)) {
      const std::string& text = texts.at(name);
      write_file_atomically(one.directory / (name + ".v"), is_layer.contains(name) ? black_box(text, name + ".v") : text);
      one.sources.push_back(name + ".v");
    }
    results[k] = synthesize_with_yosys(one);
  });

  YosysResult sum;
  sum.cached = true;
  for (std::size_t k = 0; k < modules.size(); ++k) {
    const YosysResult& part = results[k];
    std::map<std::string, std::int64_t>& cells = sum.modules[modules[k]];
    for (const auto& [type, count] : part.cells) {
      if (is_layer.contains(type)) continue;  // a black box, counted on its own
      cells[type] = count;
      sum.cells[type] += count;
    }
    sum.version = part.version;
    sum.script += "# " + modules[k] + "\n" + part.script;
    sum.seconds += part.seconds;
    sum.peak_memory_kib = std::max(sum.peak_memory_kib, part.peak_memory_kib);
    sum.cached = sum.cached && part.cached;
  }
  count_resources(sum);
  return sum;
}

}  // namespace snac::toolchain
