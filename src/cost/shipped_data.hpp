// Data files that are part of the program: their texts, put there by CMake.
#pragma once

namespace snac::cost {

extern const char* const kShippedCalibration;
extern const char* const kShippedSurrogate;

}  // namespace snac::cost
