#include "snac/data/hdf5_tree.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "checks.hpp"
#include "hdf5_file.hpp"
#include "isolated.hpp"
#include "snac/core/error.hpp"

namespace snac::data {
namespace {

constexpr std::size_t kMaxObjects = 10000;
constexpr std::uint64_t kCpuSeconds = 60;
constexpr std::uint64_t kArray = 1, kText = 2, kEnd = 0;

void send_array(PipeWriter& out, const Hdf5File& file, const std::string& name, std::size_t& left) {
  const Hdf5Array array = file.array(name);
  std::size_t count = 1;
  std::vector<Extent> box;
  for (const std::size_t length : array.shape()) {
    count = checked_product(count, length, array.where());
    box.push_back({0, length});
  }
  if (count > left) {
    throw DataError("a model is larger than is read",
                    {.where = array.where(), .found = "shape " + shape_text(array.shape()), .expected = "fewer weights", .hint = {}});
  }
  left -= count;
  std::vector<double> values;
  array.read(box, values);
  out.number(kArray);
  out.text(name);
  out.number(array.shape().size());
  for (const std::size_t length : array.shape()) out.number(length);
  out.bytes(values.data(), values.size() * sizeof(double));
}

NumberArray receive_array(PipeReader& in, std::size_t max_values, const std::string& where) {
  NumberArray array;
  std::size_t count = 1;
  for (std::uint64_t left = in.number(); left > 0; --left) {
    array.shape.push_back(in.number());
    count = checked_product(count, array.shape.back(), where);
  }
  if (count > max_values) throw PipeReader::PipeEnded{};  // a child with broken memory says anything
  array.values.resize(count);
  in.bytes(array.values.data(), count * sizeof(double));
  return array;
}

}  // namespace

Hdf5Tree read_hdf5_tree(const std::string& path, const std::vector<std::string>& texts, std::size_t max_values) {
  Hdf5Tree tree;
  const auto work = [&](PipeWriter& out) {
    const Hdf5Session session;
    const Hdf5File file(path);
    for (const std::string& name : texts) {
      const auto found = file.text_attribute(name);
      if (found.size() != 1) continue;
      out.number(kText);
      out.text(name);
      out.text(found.front());
    }
    std::size_t left = max_values;
    for (const std::string& name : file.number_arrays(kMaxObjects)) send_array(out, file, name, left);
    out.number(kEnd);
  };
  const auto receive = [&](PipeReader& in) {
    for (std::uint64_t kind = in.number(); kind != kEnd; kind = in.number()) {
      const std::string name = in.text();
      if (kind == kText)
        tree.texts[name] = in.text();
      else
        tree.arrays[name] = receive_array(in, max_values, path);
    }
  };
  run_isolated(work, receive, kCpuSeconds, path);
  return tree;
}

}  // namespace snac::data
