#include "snac/exchange/import.hpp"

#include <filesystem>
#include <fstream>

#include "builders.hpp"
#include "readers.hpp"
#include "snac/core/files.hpp"

namespace snac::exchange {
namespace {

constexpr std::uintmax_t kMaxFileBytes = std::uintmax_t{1} << 30;

std::string first_bytes(const std::string& path) {
  std::error_code code;
  if (std::filesystem::is_directory(path, code)) {
    throw DataError("a model cannot be imported",
                    {.where = path, .found = "a folder", .expected = "a file .onnx, .keras or .h5", .hint = "export a SavedModel as ONNX"});
  }
  const std::uintmax_t size = std::filesystem::file_size(path, code);
  if (code)
    throw IoError("cannot open a model", {.where = path, .found = code.message(), .expected = "a file .onnx, .keras or .h5", .hint = {}});
  if (size > kMaxFileBytes) fail_at(path, "", std::to_string(size) + " bytes", "at most 1 GiB");
  std::ifstream in(path, std::ios::binary);
  std::string bytes(8, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  return bytes;
}

Chain read_chain(const std::string& path, const std::string& output) {
  const std::string head = first_bytes(path);
  if (head == "\x89HDF\r\n\x1a\n") return read_keras_h5(path);
  if (head.starts_with("PK\x03\x04")) return read_keras_archive(path);
  if (head.starts_with("SNACMLP")) fail_at(path, "", "an Mlp file of snac", "a model made elsewhere", "it can be used as it is");
  if (head.starts_with("{")) fail_at(path, "", "JSON", "a model made elsewhere", "a fixed_net.json of snac can be used as it is");
  return read_onnx(read_file(path), path, std::filesystem::path(path).parent_path().string(), output);
}

ImportedModel describe(const Chain& chain) {
  ImportedModel model;
  model.producer = chain.producer;
  model.class_names = chain.class_names;
  model.preprocessing = chain.preprocessing;
  return model;
}

}  // namespace

ImportedModel import_model(const std::string& path, const ImportParams& params) {
  const Chain chain = read_chain(path, params.output);
  ImportedModel model = describe(chain);
  if (!params.as_float && is_quantised(chain)) {
    fixed::FixedNet net = to_fixed_net(chain, params.input, model.notes);
    if (chain.class_names.size() == net.num_classes()) net.class_names = chain.class_names;
    net.preprocessing = chain.preprocessing;
    model.network = std::move(net);
  } else {
    model.network = to_mlp(chain, model.notes);
  }
  return model;
}

ImportedModel import_float_model(const std::string& path) {
  if (first_bytes(path).starts_with("SNACMLP")) {
    const std::string bytes = read_file(path);
    ImportedModel model;
    model.producer = "snac";
    model.network = nn::deserialize_mlp(std::as_bytes(std::span(bytes)), path);
    return model;
  }
  const Chain chain = read_chain(path, "");
  if (is_quantised(chain)) {
    fail_at(path, "", "a quantised network", "a float model",
            "import it on its own: snac import FILE -o fixed_net.json; or its weights: snac import FILE --float -o model.mlp");
  }
  ImportedModel model = describe(chain);
  model.network = to_mlp(chain, model.notes);
  return model;
}

}  // namespace snac::exchange
