#include "snac/data/hdf5_arrays.hpp"

#include <fmt/format.h>

#include "checks.hpp"
#include "hdf5_file.hpp"
#include "isolated.hpp"
#include "snac/core/error.hpp"

namespace snac::data {
namespace {

constexpr std::uint64_t kCpuSeconds = 10;  // all numbers that are read take two or three

void send_arrays(const std::string& path, const std::string& group, PipeWriter& out) {
  const Hdf5Session session;
  const Hdf5File file(path);
  if (!file.has(group)) {
    throw DataError("an HDF5 file does not have the group asked for", {.where = path,
                                                                       .found = "no '" + group + "' beside " + list_text(file.names()),
                                                                       .expected = "a group '" + group + "'",
                                                                       .hint = suggest(group, file.names())});
  }
  std::size_t total = 0;
  for (const std::string& name : file.arrays_below(group)) {
    const Hdf5Array array = file.array(group + "/" + name);
    std::vector<Extent> whole;
    std::size_t size = 1;
    for (const std::size_t length : array.shape()) {
      whole.push_back({0, length});
      size = checked_product(size, length, array.where());
    }
    total += size;
    if (size > kMaxHdf5Numbers || total > kMaxHdf5Numbers) {
      throw DataError("an HDF5 file holds too many numbers", {.where = array.where(),
                                                              .found = fmt::format("{} or more", total),
                                                              .expected = fmt::format("at most {}", kMaxHdf5Numbers),
                                                              .hint = {}});
    }
    std::vector<float> values;
    if (size > 0) array.read(whole, values);
    out.number(1);
    out.text(name);
    out.number(array.shape().size());
    for (const std::size_t length : array.shape()) out.number(length);
    out.number(values.size());
    out.bytes(values.data(), values.size() * sizeof(float));
  }
  out.number(0);
}

/// A child with broken memory says anything.
std::size_t believable(std::uint64_t count, std::uint64_t limit) {
  if (count > limit) throw PipeReader::PipeEnded{};
  return static_cast<std::size_t>(count);
}

std::vector<Hdf5Numbers> receive_arrays(PipeReader& in) {
  std::vector<Hdf5Numbers> arrays;
  while (in.number() == 1) {
    Hdf5Numbers& array = arrays.emplace_back();
    array.name = in.text();
    array.shape.resize(believable(in.number(), H5S_MAX_RANK));
    for (std::size_t& length : array.shape) length = static_cast<std::size_t>(in.number());
    array.values.resize(believable(in.number(), kMaxHdf5Numbers));
    in.bytes(array.values.data(), array.values.size() * sizeof(float));
  }
  return arrays;
}

}  // namespace

std::vector<Hdf5Numbers> read_hdf5_arrays(const std::string& path, const std::string& group) {
  std::vector<Hdf5Numbers> arrays;
  run_isolated([&](PipeWriter& out) { send_arrays(path, group, out); }, [&](PipeReader& in) { arrays = receive_arrays(in); }, kCpuSeconds,
               path);
  return arrays;
}

std::vector<std::string> read_hdf5_texts(const std::string& path, const std::vector<std::string>& names) {
  std::vector<std::string> texts;
  const auto work = [&](PipeWriter& out) {
    const Hdf5Session session;
    const Hdf5File file(path);
    for (const std::string& name : names) {
      const auto found = file.text_attribute(name);
      out.text(found.size() == 1 ? found.front() : "");
    }
  };
  const auto receive = [&](PipeReader& in) {
    for (std::size_t k = 0; k < names.size(); ++k) texts.push_back(in.text());
  };
  run_isolated(work, receive, kCpuSeconds, path);
  return texts;
}

}  // namespace snac::data
