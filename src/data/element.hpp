// Number types as files store them, and their decoding. No library's conversion is trusted on the way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace snac::data {

enum class Element : std::uint8_t { boolean, int8, uint8, int16, uint16, int32, uint32, int64, uint64, float16, float32, float64 };

struct ElementType {
  Element element = Element::float32;
  bool swapped = false;  ///< byte order differs from the machine's
  bool operator==(const ElementType&) const = default;
};

std::size_t size_of(Element element) noexcept;
bool is_float(Element element) noexcept;

/// Decodes out.size() elements from `bytes` (any alignment; at least out.size() * size_of bytes).
/// 64-bit integers beyond 2^53 are rounded; float64 beyond the range of float32 becomes infinite in the float version.
void decode(ElementType type, const std::byte* bytes, std::span<float> out);
void decode(ElementType type, const std::byte* bytes, std::span<double> out);

}  // namespace snac::data
