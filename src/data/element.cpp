#include "element.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "float16.hpp"

namespace snac::data {
namespace {

template <class Out, class In>
Out convert(In value) noexcept {
  if constexpr (std::is_same_v<Out, float> && std::is_same_v<In, double>) {
    // A cast out of range is undefined; the largest double that still rounds to a finite float lies below 2^128.
    if (std::abs(value) > static_cast<double>(std::numeric_limits<float>::max())) {
      return std::copysign(std::numeric_limits<float>::infinity(), static_cast<float>(std::copysign(1.0, value)));
    }
  }
  return static_cast<Out>(value);
}

template <class In, class Out>
void decode_as(bool swapped, const std::byte* bytes, std::span<Out> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::array<std::byte, sizeof(In)> raw;
    std::memcpy(raw.data(), bytes + i * sizeof(In), sizeof(In));
    if (swapped) std::reverse(raw.begin(), raw.end());
    In value;
    std::memcpy(&value, raw.data(), sizeof(In));
    out[i] = convert<Out>(value);
  }
}

template <class Out>
void decode_any(ElementType type, const std::byte* bytes, std::span<Out> out) {
  switch (type.element) {
    case Element::boolean:
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = bytes[i] == std::byte{0} ? Out(0) : Out(1);
      return;
    case Element::int8:
      return decode_as<std::int8_t>(type.swapped, bytes, out);
    case Element::uint8:
      return decode_as<std::uint8_t>(type.swapped, bytes, out);
    case Element::int16:
      return decode_as<std::int16_t>(type.swapped, bytes, out);
    case Element::uint16:
      return decode_as<std::uint16_t>(type.swapped, bytes, out);
    case Element::int32:
      return decode_as<std::int32_t>(type.swapped, bytes, out);
    case Element::uint32:
      return decode_as<std::uint32_t>(type.swapped, bytes, out);
    case Element::int64:
      return decode_as<std::int64_t>(type.swapped, bytes, out);
    case Element::uint64:
      return decode_as<std::uint64_t>(type.swapped, bytes, out);
    case Element::float16:
      for (std::size_t i = 0; i < out.size(); ++i) {
        std::uint16_t half;
        std::memcpy(&half, bytes + 2 * i, 2);
        if (type.swapped) half = static_cast<std::uint16_t>((half >> 8) | (half << 8));
        out[i] = static_cast<Out>(half_to_float(half));
      }
      return;
    case Element::float32:
      return decode_as<float>(type.swapped, bytes, out);
    case Element::float64:
      return decode_as<double>(type.swapped, bytes, out);
  }
}

}  // namespace

std::size_t size_of(Element element) noexcept {
  switch (element) {
    case Element::boolean:
    case Element::int8:
    case Element::uint8:
      return 1;
    case Element::int16:
    case Element::uint16:
    case Element::float16:
      return 2;
    case Element::int32:
    case Element::uint32:
    case Element::float32:
      return 4;
    case Element::int64:
    case Element::uint64:
    case Element::float64:
      return 8;
  }
  return 0;
}

bool is_float(Element element) noexcept {
  return element == Element::float16 || element == Element::float32 || element == Element::float64;
}

void decode(ElementType type, const std::byte* bytes, std::span<float> out) { decode_any(type, bytes, out); }
void decode(ElementType type, const std::byte* bytes, std::span<double> out) { decode_any(type, bytes, out); }

}  // namespace snac::data
