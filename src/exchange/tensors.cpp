#include "tensors.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <optional>

#include "chain.hpp"

namespace snac::exchange {
namespace {

static_assert(std::endian::native == std::endian::little, "ONNX stores little-endian numbers; they are copied as they are");

constexpr std::size_t kMaxRank = 8;

double half_to_double(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  const double sign = bits >> 15 ? -1 : 1;
  if (exponent == 31) return mantissa ? std::nan("") : sign * INFINITY;
  return sign * (exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(mantissa + 1024, exponent - 25));
}

double bfloat_to_double(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

template <class T>
std::vector<double> numbers(
    const std::string& bytes, const std::function<double(T)>& convert = [](T v) { return static_cast<double>(v); }) {
  std::vector<double> out(bytes.size() / sizeof(T));
  for (std::size_t i = 0; i < out.size(); ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    out[i] = convert(value);
  }
  return out;
}

struct ElementType {
  const char* name;
  std::size_t bytes;
};

std::optional<ElementType> element_type(int type) {
  using P = onnx::TensorProto;
  switch (type) {
    case P::FLOAT:
      return ElementType{"float", 4};
    case P::DOUBLE:
      return ElementType{"double", 8};
    case P::FLOAT16:
      return ElementType{"float16", 2};
    case P::BFLOAT16:
      return ElementType{"bfloat16", 2};
    case P::INT8:
      return ElementType{"int8", 1};
    case P::UINT8:
      return ElementType{"uint8", 1};
    case P::BOOL:
      return ElementType{"bool", 1};
    case P::INT16:
      return ElementType{"int16", 2};
    case P::UINT16:
      return ElementType{"uint16", 2};
    case P::INT32:
      return ElementType{"int32", 4};
    case P::UINT32:
      return ElementType{"uint32", 4};
    case P::INT64:
      return ElementType{"int64", 8};
    case P::UINT64:
      return ElementType{"uint64", 8};
    default:
      return {};
  }
}

std::vector<double> raw_values(int type, const std::string& bytes) {
  using P = onnx::TensorProto;
  switch (type) {
    case P::FLOAT:
      return numbers<float>(bytes);
    case P::DOUBLE:
      return numbers<double>(bytes);
    case P::FLOAT16:
      return numbers<std::uint16_t>(bytes, half_to_double);
    case P::BFLOAT16:
      return numbers<std::uint16_t>(bytes, bfloat_to_double);
    case P::INT8:
      return numbers<std::int8_t>(bytes);
    case P::UINT8:
    case P::BOOL:
      return numbers<std::uint8_t>(bytes);
    case P::INT16:
      return numbers<std::int16_t>(bytes);
    case P::UINT16:
      return numbers<std::uint16_t>(bytes);
    case P::INT32:
      return numbers<std::int32_t>(bytes);
    case P::UINT32:
      return numbers<std::uint32_t>(bytes);
    case P::INT64:
      return numbers<std::int64_t>(bytes);
    default:
      return numbers<std::uint64_t>(bytes);
  }
}

/// Numbers in the fields that protobuf types: several types share the field of 32-bit integers.
std::vector<double> field_values(const onnx::TensorProto& proto) {
  using P = onnx::TensorProto;
  const auto copy = [](const auto& field) { return std::vector<double>(field.begin(), field.end()); };
  switch (proto.data_type()) {
    case P::FLOAT:
      return copy(proto.float_data());
    case P::DOUBLE:
      return copy(proto.double_data());
    case P::INT64:
      return copy(proto.int64_data());
    case P::UINT32:
    case P::UINT64:
      return copy(proto.uint64_data());
    case P::FLOAT16:
    case P::BFLOAT16: {
      std::vector<double> out;
      for (const std::int32_t bits : proto.int32_data()) {
        const auto half = static_cast<std::uint16_t>(bits);
        out.push_back(proto.data_type() == P::FLOAT16 ? half_to_double(half) : bfloat_to_double(half));
      }
      return out;
    }
    default:
      return copy(proto.int32_data());
  }
}

/// Values that stand in a file beside the model, as torch.onnx writes them by default.
std::string external_bytes(const onnx::TensorProto& proto, std::size_t wanted, const std::string& folder, const Place& place) {
  std::string location;
  std::uint64_t offset = 0;
  for (const auto& entry : proto.external_data()) {
    if (entry.key() == "location") location = entry.value();
    if (entry.key() != "offset") continue;
    if (entry.value().empty() || entry.value().size() > 18 || entry.value().find_first_not_of("0123456789") != std::string::npos)
      place.fail("an offset '" + entry.value().substr(0, 40) + "' of external data", "a number");
    offset = std::stoull(entry.value());
  }
  const std::filesystem::path path(location);
  const bool inside =
      !location.empty() && !path.is_absolute() && std::none_of(path.begin(), path.end(), [](const auto& part) { return part == ".."; });
  if (!inside) place.fail("external data in '" + location.substr(0, 80) + "'", "a file in the model's folder");
  const std::string full = (std::filesystem::path(folder) / path).string();
  std::error_code code;
  const std::uint64_t size = std::filesystem::is_regular_file(full, code) ? std::filesystem::file_size(full, code) : 0;
  if (code || size < wanted || offset > size - wanted) {
    place.fail(fmt::format("external data of {} bytes at {} in '{}' of {} bytes", wanted, offset, location, size), "a complete file",
               "keep the file beside the model, or export with external_data=False");
  }
  std::ifstream in(full, std::ios::binary);
  std::string bytes(wanted, '\0');
  in.seekg(static_cast<std::streamoff>(offset));
  if (!in.read(bytes.data(), static_cast<std::streamsize>(wanted)))
    place.fail("external data that cannot be read: " + full, "a readable file");
  return bytes;
}

}  // namespace

void Place::fail(const std::string& found, const std::string& expected, const std::string& hint) const {
  fail_at(file, node, found, expected, hint);
}

std::string shape_text(const std::vector<std::size_t>& shape) { return fmt::format("({})", fmt::join(shape, ", ")); }

std::size_t elements(const std::vector<std::size_t>& shape, const Place& place) {
  std::size_t count = 1;
  if (shape.size() > kMaxRank) place.fail(fmt::format("a tensor of {} axes", shape.size()), fmt::format("at most {}", kMaxRank));
  for (const std::size_t length : shape) {
    if (length > kMaxChainValues || count * length > kMaxChainValues)
      place.fail("a tensor of shape " + shape_text(shape), fmt::format("at most {} elements", kMaxChainValues));
    count *= length;
  }
  return count;
}

Tensor decode(const onnx::TensorProto& proto, const std::string& folder, const Place& place) {
  Tensor tensor;
  for (const std::int64_t length : proto.dims()) {
    if (length < 0) place.fail(fmt::format("an axis of {} elements", length), "a size of at least 0");
    tensor.shape.push_back(static_cast<std::size_t>(length));
  }
  const std::size_t count = elements(tensor.shape, place);
  const auto type = element_type(proto.data_type());
  if (!type)
    place.fail(fmt::format("elements of ONNX type number {}", proto.data_type()),
               "floats of 16 to 64 bits, integers of 8 to 64 bits or bool");
  std::string raw;
  if (proto.data_location() == onnx::TensorProto::EXTERNAL)
    raw = external_bytes(proto, count * type->bytes, folder, place);
  else if (proto.has_raw_data())
    raw = proto.raw_data();
  else
    tensor.values = field_values(proto);
  if (!raw.empty()) {
    if (raw.size() != count * type->bytes)
      place.fail(fmt::format("{} bytes for shape {} of {}", raw.size(), shape_text(tensor.shape), type->name),
                 fmt::format("{} bytes", count * type->bytes));
    tensor.values = raw_values(proto.data_type(), raw);
  }
  if (tensor.values.size() != count)
    place.fail(fmt::format("{} values for shape {}", tensor.values.size(), shape_text(tensor.shape)), fmt::format("{} values", count));
  return tensor;
}

Tensor combine(const Tensor& a, const Tensor& b, const std::function<double(double, double)>& op, const Place& place) {
  const std::size_t rank = std::max(a.shape.size(), b.shape.size());
  const auto axis = [&](const Tensor& t, std::size_t d) { return d + t.shape.size() < rank ? 1 : t.shape[d + t.shape.size() - rank]; };
  Tensor out;
  for (std::size_t d = 0; d < rank; ++d) {
    const std::size_t x = axis(a, d), y = axis(b, d);
    if (x != y && x != 1 && y != 1) place.fail("shapes " + shape_text(a.shape) + " and " + shape_text(b.shape), "shapes that broadcast");
    out.shape.push_back(x == 1 ? y : x);
  }
  const std::size_t count = elements(out.shape, place);
  out.values.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t rest = i, at_a = 0, at_b = 0, step_a = 1, step_b = 1;
    for (std::size_t d = rank; d-- > 0;) {
      const std::size_t position = rest % out.shape[d];
      rest /= out.shape[d];
      if (axis(a, d) != 1) at_a += position * step_a;
      if (axis(b, d) != 1) at_b += position * step_b;
      step_a *= axis(a, d);
      step_b *= axis(b, d);
    }
    out.values[i] = op(a.values[at_a], b.values[at_b]);
  }
  return out;
}

Tensor map(Tensor a, const std::function<double(double)>& op) {
  for (double& v : a.values) v = op(v);
  return a;
}

Tensor transpose(const Tensor& a, std::vector<std::int64_t> order, const Place& place) {
  const std::size_t rank = a.shape.size();
  if (order.empty()) {
    for (std::size_t d = rank; d-- > 0;) order.push_back(static_cast<std::int64_t>(d));
  }
  std::vector<std::int64_t> sorted = order, all(rank);
  std::iota(all.begin(), all.end(), 0);
  std::sort(sorted.begin(), sorted.end());
  if (sorted != all) place.fail(fmt::format("an order of axes ({})", fmt::join(order, ", ")), fmt::format("each of {} axes once", rank));
  std::vector<std::size_t> strides(rank, 1);
  for (std::size_t d = rank; d-- > 1;) strides[d - 1] = strides[d] * a.shape[d];
  Tensor out;
  for (const std::int64_t d : order) out.shape.push_back(a.shape[static_cast<std::size_t>(d)]);
  out.values.resize(a.values.size());
  for (std::size_t i = 0; i < out.values.size(); ++i) {
    std::size_t rest = i, from = 0;
    for (std::size_t d = rank; d-- > 0;) {
      from += rest % out.shape[d] * strides[static_cast<std::size_t>(order[d])];
      rest /= out.shape[d];
    }
    out.values[i] = a.values[from];
  }
  return out;
}

Tensor reshape(Tensor a, const std::vector<double>& target, const Place& place) {
  std::vector<std::size_t> shape;
  std::optional<std::size_t> open;
  std::size_t known = 1;
  for (std::size_t d = 0; d < target.size(); ++d) {
    double length = target[d];
    if (length == 0 && d < a.shape.size()) length = static_cast<double>(a.shape[d]);
    if (length == -1 && !open) {
      open = d;
      shape.push_back(1);
      continue;
    }
    if (!(length >= 0) || length > static_cast<double>(kMaxChainValues))
      place.fail(fmt::format("an axis of {} elements", length), "a shape");
    shape.push_back(static_cast<std::size_t>(length));
    known = elements(shape, place);
  }
  if (open && known > 0) shape[*open] = a.values.size() / known;
  if (elements(shape, place) != a.values.size())
    place.fail("shape " + shape_text(shape) + " for " + shape_text(a.shape), "a shape of as many elements");
  a.shape = shape;
  return a;
}

std::function<double(double)> rounding_function(const std::string& mode, const Place& place) {
  std::string upper = mode;
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (upper == "ROUND" || upper == "HALF_EVEN") return [](double x) { return std::nearbyint(x); };
  if (upper == "FLOOR") return [](double x) { return std::floor(x); };
  if (upper == "CEIL") return [](double x) { return std::ceil(x); };
  if (upper == "UP") return [](double x) { return std::copysign(std::ceil(std::abs(x)), x); };
  if (upper == "DOWN") return [](double x) { return std::trunc(x); };
  if (upper == "HALF_UP") return [](double x) { return std::copysign(std::floor(std::abs(x) + 0.5), x); };
  if (upper == "HALF_DOWN") return [](double x) { return std::copysign(std::ceil(std::abs(x) - 0.5), x); };
  place.fail("rounding mode '" + mode.substr(0, 40) + "'", "ROUND, FLOOR, CEIL, UP, DOWN, HALF_UP or HALF_DOWN");
}

IntegerRange integer_range(double bits, bool is_signed, bool narrow, const Place& place) {
  if (!(bits >= 1 && bits <= 63) || bits != std::floor(bits)) place.fail(fmt::format("{} bits", bits), "an integer from 1 to 63");
  const double full = std::ldexp(1.0, static_cast<int>(bits) - (is_signed ? 1 : 0));
  if (is_signed) return {narrow ? 1 - full : -full, full - 1};
  return {0, narrow ? full - 2 : full - 1};
}

Tensor quantise(const Tensor& x, const Tensor& scale, const Tensor& zero_point, const IntegerRange& range,
                const std::function<double(double)>& round, const Place& place) {
  for (const double s : scale.values) {
    if (!(s > 0) || !std::isfinite(s)) place.fail(fmt::format("a scale of {}", s), "a positive number");
  }
  const auto to_integers = [&](double v, double s) { return v / s; };
  Tensor out = combine(combine(x, scale, to_integers, place), zero_point, std::plus<>(), place);
  out = map(std::move(out), [&](double v) { return round(std::clamp(v, range.low, range.high)); });
  return combine(combine(out, zero_point, std::minus<>(), place), scale, std::multiplies<>(), place);
}

}  // namespace snac::exchange
