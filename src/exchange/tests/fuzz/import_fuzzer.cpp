// Fuzz target of the readers of foreign models, in libFuzzer's form. Any bytes are either refused with an Error or give a network that
// validates; what it is, the reader tells by the first bytes, so that one target has ONNX, .h5 and .keras files in its corpus.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>

#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/exchange/import.hpp"
#include "snac/exchange/onnx_export.hpp"
#include "snac/exchange/qonnx_export.hpp"

namespace {

using namespace snac;

void use(const exchange::ImportedModel& model) {
  if (const auto* net = std::get_if<fixed::FixedNet>(&model.network)) {
    net->validate();
    try {
      exchange::to_qonnx(*net);
    } catch (const DataError&) {
    }
  } else {
    exchange::to_onnx(std::get<nn::Mlp>(model.network));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TemporaryDirectory folder;
  const std::string path = (folder.path() / "model").string();
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  for (const bool as_float : {false, true}) {
    try {
      use(exchange::import_model(path, {.input = fixed::FixedType{8, 4, true}, .as_float = as_float}));
    } catch (const Error&) {
    }
  }
  return 0;
}
