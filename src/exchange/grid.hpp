// Real numbers as integers times a power of two.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace snac::exchange {

/// The smallest number of fraction bits with which every value is an integer; the lowest int if all are zero. Finite values.
int fraction_bits_of(std::span<const double> values);

/// value = 2^-f for an integer f: f is written. False for anything else.
bool power_of_two(double value, int& fraction_bits);

/// value * 2^fraction_bits if that is an integer below 2^62 in magnitude, else false.
bool to_integer(double value, int fraction_bits, std::int64_t& raw);

/// Bits of a signed type that holds the integers; at least 2.
int signed_width(std::span<const std::int64_t> values);

}  // namespace snac::exchange
