// The calibration file that is part of the program: its text, put there by CMake.
#pragma once

namespace snac::cost {

extern const char* const kShippedCalibration;

}  // namespace snac::cost
